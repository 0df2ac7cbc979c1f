import asyncio
from collections.abc import Sequence

import pytest

from shared.errors import Unavailable
from shared.log.grouping import GroupCommit
from shared.log.port import Record
from tests.support.patience import patience


class Disk:
    """Writes when a test allows it, and remembers each write."""

    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.free = asyncio.Event()
        self.broken: Exception | None = None

    async def write(self, records: Sequence[Record]) -> None:
        await self.free.wait()
        if self.broken:
            raise self.broken
        self.writes.append([record.value for record in records])


def records(*values: bytes) -> list[Record]:
    return [Record("interactions", "ana", value) for value in values]


async def waiting(group: GroupCommit, *appends: Sequence[Record]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(group.append(batch)) for batch in appends]
    await asyncio.sleep(0)
    return tasks


async def test_appends_during_a_write_are_written_together() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_group=100, max_waiting=100)
    tasks = await waiting(group, records(b"1"))
    await asyncio.sleep(0)
    tasks += await waiting(group, records(b"2"), records(b"3", b"4"))
    disk.free.set()
    await asyncio.gather(*tasks)
    assert disk.writes == [[b"1"], [b"2", b"3", b"4"]]


async def test_a_group_is_bounded_and_an_append_is_never_split() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_group=3, max_waiting=100)
    tasks = await waiting(group, records(b"1", b"2"), records(b"3", b"4"), records(*[b"5"] * 9))
    disk.free.set()
    await asyncio.gather(*tasks)
    assert disk.writes == [[b"1", b"2"], [b"3", b"4"], [b"5"] * 9]


async def test_an_append_is_refused_when_too_many_are_waiting() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_group=1, max_waiting=2)
    tasks = await waiting(group, records(b"1"), records(b"2"))
    with pytest.raises(Unavailable, match="waiting"):
        await group.append(records(b"3"))
    disk.free.set()
    await asyncio.gather(*tasks)
    assert disk.writes == [[b"1"], [b"2"]]


async def test_a_failed_write_fails_its_callers_and_not_the_next() -> None:
    disk = Disk()
    disk.free.set()
    disk.broken = Unavailable("log_unavailable", "full")
    group = GroupCommit(disk.write, max_group=100, max_waiting=100)
    with pytest.raises(Unavailable, match="full"):
        await group.append(records(b"1"))
    disk.broken = None
    await group.append(records(b"2"))
    assert disk.writes == [[b"2"]]


async def test_a_cancelled_append_does_not_disturb_other_appends() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, max_group=100, max_waiting=100)
    cancelled, stays = await waiting(group, records(b"1"), records(b"2"))
    cancelled.cancel()
    disk.free.set()
    await stays
    assert disk.writes == [[b"1", b"2"]]
    await group.close()


async def test_a_cancelled_write_fails_the_waiting_append() -> None:
    """A library may cancel a future of its own; its caller would then wait for ever."""

    async def broken_off(_records: Sequence[Record]) -> None:
        of_a_library: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        of_a_library.cancel()
        await of_a_library

    group = GroupCommit(broken_off, max_group=100, max_waiting=100)
    async with patience():
        with pytest.raises(Unavailable, match="interrupted"):
            await group.append(records(b"1"))
