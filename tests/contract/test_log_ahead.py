"""The part of the log's exam about what a reader has fetched before it is applied."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.errors import Fenced
from shared.log import embedded_file, embedded_tail, kafka
from shared.log.port import Consumer, Log, Record
from tests.contract.children import child_of
from tests.contract.logs import applied, in_small_parts, read, texts, written_down
from tests.support.log import claim_away
from tests.support.patience import eventually
from tests.support.tables import values

KEYS = ("ana", "ben", "eva", "max")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there always be more fetched than applied; the changed settings are restored at the end."""
    monkeypatch.setattr(embedded_file, "MAX_POLL_RECORDS", embedded_file.MAX_POLL_RECORDS)
    monkeypatch.setattr(embedded_tail, "MAX_RECORDS", embedded_tail.MAX_RECORDS)
    monkeypatch.setattr(kafka, "PARTITION_FETCH_BYTES", kafka.PARTITION_FETCH_BYTES)
    monkeypatch.setattr(kafka, "FETCH_BYTES", kafka.FETCH_BYTES)
    in_small_parts()


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    await database.unit(applied.metadata.create_all)


@pytest.fixture
async def child(log_url: str, sqlite_url: str) -> AsyncIterator[Callable[[str], Any]]:
    async with child_of(log_url, sqlite_url) as start:
        yield start


async def a_backlog(log: Log, appends: int = 25) -> list[str]:
    """Append `appends` times one record of each key; return all texts."""
    for n in range(appends):
        await log.append([Record("interactions", key, f"{key}{n}".encode()) for key in KEYS])
    return [f"{key}{n}" for key in KEYS for n in range(appends)]


async def apply(database: Database, claims: Claims, consumer: Consumer) -> bool:
    """Apply the messages of one poll, unless another worker owns them; return whether they were applied."""
    messages = await consumer.poll(0.5)
    if not messages:
        return False
    try:
        await database.unit(partial(written_down, claims=claims, messages=messages))
    except Fenced:
        consumer.stand_down()
        return False
    return True


async def in_order(database: Database) -> list[str]:
    return await values(database, sa.select(applied.c.text).order_by(applied.c.id))


def assert_each_once_and_in_order(got: list[str], expected: list[str]) -> None:
    assert sorted(got) == sorted(expected)
    for key in KEYS:
        assert [text for text in got if text.startswith(key)] == [t for t in expected if t.startswith(key)]


async def test_a_backlog_is_read_whole_and_in_order(log: Log, database: Database) -> None:
    expected = await a_backlog(log)
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert_each_once_and_in_order(texts(await read(consumer, len(expected))), expected)


async def test_a_fenced_worker_does_not_apply_messages_fetched_ahead(log: Log, database: Database) -> None:
    """It may have been fetched long before the other worker claimed the partition and applied some of it."""
    expected = await a_backlog(log)
    claims, other = Claims(database, "exam"), Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:
        first = await read(consumer, 1)
        await database.unit(partial(written_down, claims=claims, messages=first))
        lost = {message.partition for message in first}
        for partition in lost:
            await claim_away(database, "exam", partition)
        await eventually(partial(_was_refused, database, claims, consumer, lost))
        async with log.consume("interactions", "exam", other) as second:
            await eventually(
                partial(_both, database, (claims, consumer), (other, second)),
                lambda got: len(got) >= len(expected),
            )
    assert_each_once_and_in_order(await in_order(database), expected)


async def _was_refused(database: Database, claims: Claims, consumer: Consumer, lost: set[Any]) -> bool:
    """Poll once; return whether messages of lost partitions came and were refused."""
    messages = await consumer.poll(0.5)
    if not lost.intersection(message.partition for message in messages):
        return False
    with pytest.raises(Fenced):
        await database.unit(partial(written_down, claims=claims, messages=messages))
    consumer.stand_down()
    return True


async def _both(database: Database, *readers: tuple[Claims, Consumer]) -> list[str]:
    for claims, consumer in readers:
        await apply(database, claims, consumer)
    return await in_order(database)


async def test_messages_fetched_by_a_killed_reader_are_applied_exactly_once(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    expected = await a_backlog(log)
    reader = await child("write_down")
    assert reader.stdout
    assert int(await reader.stdout.readline()) < len(expected)
    reader.kill()
    await reader.wait()
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:

        async def all_applied() -> list[str]:
            await apply(database, claims, consumer)
            return await in_order(database)

        await eventually(all_applied, lambda got: len(got) >= len(expected))
    assert_each_once_and_in_order(await in_order(database), expected)


async def test_a_second_reader_shares_a_backlog_that_the_first_has_started_to_fetch(
    log: Log, database: Database
) -> None:
    expected = await a_backlog(log)
    claims, others = Claims(database, "exam"), Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as first:
        await eventually(lambda: apply(database, claims, first))
        async with log.consume("interactions", "exam", others) as second:
            await eventually(
                partial(_both, database, (claims, first), (others, second)),
                lambda got: len(got) >= len(expected),
            )
    assert_each_once_and_in_order(await in_order(database), expected)
