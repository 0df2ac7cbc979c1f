"""How many messages a batch has: all that the log has, within bounds of time, number and bytes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.following import follower, pacing
from shared.log.embedded import EmbeddedLog
from tests.support.patience import eventually
from tests.worlds.follower import FollowerWorld, applied


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Batches are alike on both dialects, except for the seconds of a transaction."""
    return sqlite_url


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    opened = EmbeddedLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    await database.unit(applied.metadata.create_all)


async def until_applied(world: FollowerWorld, number: int) -> None:
    await eventually(world.applied_ids, lambda ids: len(ids) == number)


async def batches_of(world: FollowerWorld, *values: str) -> list[int]:
    """Return how many messages each batch of a backlog has."""
    await world.post(*values)
    async with world.following():
        await until_applied(world, len(values))
    return world.batches


async def test_a_quick_batch_makes_the_next_batch_larger(
    log: EmbeddedLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "FIRST", 3)
    # However slow the machine is, a batch is quick compared with an hour, so the next one grows.
    monkeypatch.setitem(follower.SECONDS_OF_A_TRANSACTION, "sqlite", 3_600.0)
    assert await batches_of(FollowerWorld(database, log), *"abcdefghijkl") == [3, 6, 3]


async def test_a_batch_of_a_backlog_is_bounded_in_messages(
    log: EmbeddedLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "FIRST", 2)
    monkeypatch.setattr(follower, "MOST_MESSAGES", 5)
    monkeypatch.setitem(follower.SECONDS_OF_A_TRANSACTION, "sqlite", 3_600.0)
    assert await batches_of(FollowerWorld(database, log), *(f"{n:02}" for n in range(20))) == [2, 4, 5, 5, 4]


async def test_a_batch_of_a_backlog_is_bounded_in_bytes(
    log: EmbeddedLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "MOST_BYTES", 10)
    values = ("1234", "5678", "9abc", "d" * 11, "e", "f")
    assert await batches_of(FollowerWorld(database, log), *values) == [2, 1, 1, 2]


async def test_live_traffic_makes_small_batches(log: EmbeddedLog, database: Database) -> None:
    world = FollowerWorld(database, log)
    async with world.following():
        for number, value in enumerate("abc", 1):
            await world.post(value)
            await until_applied(world, number)
    assert world.batches == [1, 1, 1]


async def test_a_batch_is_smaller_after_a_batch_that_took_too_long(
    log: EmbeddedLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Any batch takes longer than this, on any machine.
    monkeypatch.setitem(follower.SECONDS_OF_A_TRANSACTION, "sqlite", 1e-9)
    world = FollowerWorld(database, log)
    await world.post(*"abcd")
    async with world.following():
        await until_applied(world, 4)
        await world.post(*"efg")
        await until_applied(world, 7)
    assert world.batches == [4, 1, 1, 1]
