"""How the tasks of a process, and the relays of several processes, share the one writer of a SQLite file."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.outbox import keep_relaying, outbox, put, relay
from shared.errors import Unavailable
from shared.log.port import Log, Record
from shared.process.pulse import PASSING_SECONDS, Pulse
from shared.process.supervisor import Bell
from tests.support.tables import values


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_writers_of_one_file_take_turns_in_the_order_of_their_requests(database: Database) -> None:
    order: list[str] = []
    first_has_it, go_on = asyncio.Event(), asyncio.Event()

    async def write_slowly() -> None:
        async with database.open_unit():
            order.append("batch")
            first_has_it.set()
            await go_on.wait()

    async def write(name: str) -> None:
        await database.unit(lambda _: order.append(name))

    batch = asyncio.create_task(write_slowly())
    await first_has_it.wait()
    others = []
    for name in ("delivery", "outbox", "draft", "batch again"):
        others.append(asyncio.create_task(write(name)))
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(batch, *others)
    assert order == ["batch", "delivery", "outbox", "draft", "batch again"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_writer_that_waits_too_long_raises_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.threads.WRITER_WAIT_SECONDS", 0.01)
    async with database.open_unit():
        with pytest.raises(Unavailable, match="WRITER_BUSY"):
            await database.unit(lambda _: None)
    await database.unit(lambda _: None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_slow_log_does_not_keep_other_writers_out(database: Database) -> None:
    appending, go_on = asyncio.Event(), asyncio.Event()

    class SlowLog:
        async def append(self, _records: Sequence[Record]) -> None:
            appending.set()
            await go_on.wait()

    await database.unit(lambda connection: put(connection, [Record("leads", "ana", b"1")]))
    relaying = asyncio.create_task(relay(database, cast("Log", SlowLog())))
    await appending.wait()
    await database.unit(lambda connection: put(connection, [Record("leads", "ben", b"2")]))
    go_on.set()
    assert await relaying == 1
    assert await values(database, sa.select(outbox.c.value)) == [b"2"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_slow_relay_deletes_nothing_that_it_has_not_appended(
    database: Database, database_url: str
) -> None:
    """SQLite would give ids of deleted rows to new rows, and another process would then delete those."""
    appending, go_on = asyncio.Event(), asyncio.Event()
    appended: list[bytes] = []

    class Slow:
        async def append(self, records: Sequence[Record]) -> None:
            appending.set()
            await go_on.wait()

    class Fast:
        async def append(self, records: Sequence[Record]) -> None:
            appended.extend(record.value for record in records)

    other = Database(database_url)
    two = [Record("leads", "ana", b"1"), Record("leads", "ana", b"2")]
    await database.unit(lambda connection: put(connection, two))
    slow = asyncio.create_task(relay(other, cast("Log", Slow())))
    await appending.wait()
    assert await relay(database, cast("Log", Fast())) == 2
    await database.unit(lambda connection: put(connection, [Record("leads", "ben", b"3")]))
    go_on.set()
    await slow
    assert await relay(database, cast("Log", Fast())) == 1
    assert appended == [b"1", b"2", b"3"]
    await other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_relay_with_a_hanging_log_is_reported_as_waiting(database: Database) -> None:
    """Also a restarted relay waits: it deletes nothing before it has appended something."""
    appending = asyncio.Event()
    now = [0.0]
    pulse = Pulse(lambda: now[0])

    class Hanging:
        async def append(self, _records: Sequence[Record]) -> None:
            appending.set()
            await asyncio.Event().wait()

    await database.unit(lambda connection: put(connection, [Record("leads", "ana", b"1")]))
    pulse.waits(Unavailable("log_unavailable", "Kafka is away."))
    now[0] += PASSING_SECONDS
    relaying = asyncio.create_task(keep_relaying(database, cast("Log", Hanging()), Bell(), pulse))
    await appending.wait()
    assert pulse.complaint() == "has waited for 1 s: log_unavailable: Kafka is away."
    assert pulse.silent_seconds == PASSING_SECONDS
    relaying.cancel()
    await asyncio.wait([relaying])
