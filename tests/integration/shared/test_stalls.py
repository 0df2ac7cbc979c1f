"""Readiness of a follower that has records to read and does not move, and the metrics of that state."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from shared.database.engine import Database
from shared.database.outbox import outbox, put
from shared.errors import Unavailable
from shared.following import progress
from shared.following.follower import Follower, Summary
from shared.log.port import Backlog, Log, Message, Partition, Record
from shared.process import measuring
from shared.process.measuring import keep_measuring
from shared.process.pulse import STALLED_SECONDS, Pulse
from tests.support.clock import FrozenClock
from tests.support.patience import eventually
from tests.support.tables import changed

HERE = Partition("interactions", 0)


class Silent:
    """A log with a reader that gets nothing, however much there is to read."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.looks = 0

    @asynccontextmanager
    async def consume(self, *_: object) -> AsyncIterator["Silent"]:
        yield self

    async def poll(self, _timeout_seconds: float) -> Sequence[Message]:
        await asyncio.sleep(0)
        return ()

    async def backlog(self) -> Mapping[Partition, Backlog]:
        self.looks += 1
        return {HERE: Backlog(5, 5 + self.waiting, self.waiting, 12.5 if self.waiting else 0.0)}


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def apply(_connection: sa.Connection, _messages: Sequence[Message]) -> Summary:
    return {}


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@asynccontextmanager
async def followed(log: Silent, database: Database, pulse: Pulse) -> AsyncIterator[None]:
    follower = Follower(
        log=cast("Log", log), database=database, clock=FrozenClock(), topic="interactions", group="stalls",
        apply=apply, stored=lambda: None,
    )  # fmt: skip
    task = asyncio.create_task(follower.run(pulse))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK_EVERY_SECONDS", 0.0)


async def test_a_follower_that_gets_no_records_despite_a_backlog_is_reported_as_stalled(
    database: Database,
) -> None:
    log, seconds = Silent(waiting=592), Seconds()
    pulse = Pulse(seconds)
    async with followed(log, database, pulse):
        seconds.now = STALLED_SECONDS
        looked = log.looks
        await eventually(lambda: log.looks > looked + 1)
        assert pulse.complaint() == "has made no progress for 60 s"
        log.waiting = 0
        await eventually(lambda: pulse.complaint() is None)


async def test_a_follower_with_nothing_to_read_is_well(database: Database) -> None:
    log, seconds = Silent(waiting=0), Seconds()
    pulse = Pulse(seconds)
    async with followed(log, database, pulse):
        for _ in range(3):
            seconds.now += STALLED_SECONDS
            looked = log.looks
            await eventually(lambda looked=looked: log.looks > looked + 1)
            assert pulse.complaint() is None


async def test_metrics_show_position_end_and_age_of_the_backlog(database: Database) -> None:
    log = Silent(waiting=592)
    labels = {"group": "stalls", "topic": "interactions", "partition": "0"}
    async with followed(log, database, Pulse()):
        await eventually(lambda: figure("flipline_lag_records", group="stalls") == 592)
        assert figure("flipline_oldest_unread_seconds", group="stalls") == 12.5
        assert figure("flipline_position_offset", **labels) == 5
        assert figure("flipline_log_end_offset", **labels) == 597


async def test_metrics_show_the_database_size_and_the_outbox_depth(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "LOOK_EVERY_SECONDS", 0.0)
    records = [Record("leads", "ana", b"1"), Record("leads", "ben", b"2")]
    await database.unit(lambda connection: put(connection, records))
    pulse = Pulse()
    task = asyncio.create_task(keep_measuring(database, pulse))
    await eventually(lambda: figure("flipline_outbox_records") == 2)
    assert (figure("flipline_database_bytes") or 0) > 10_000
    await changed(database, sa.delete(outbox))
    await eventually(lambda: figure("flipline_outbox_records") == 0)

    async def away() -> int:
        raise Unavailable("database_unavailable", "gone")

    monkeypatch.setattr("shared.process.pulse.PASSING_SECONDS", 0.0)
    monkeypatch.setattr(database, "size_bytes", away)
    await eventually(pulse.complaint)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
