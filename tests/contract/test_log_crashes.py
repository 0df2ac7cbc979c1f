"""The part of the log's exam in which processes die."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.log.port import Log
from tests.contract.children import child_of
from tests.contract.logs import read, records, texts
from tests.support.patience import patience


@pytest.fixture
async def child(log_url: str, sqlite_url: str) -> AsyncIterator[Callable[[str], Any]]:
    async with child_of(log_url, sqlite_url) as start:
        yield start


async def lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """Return the next lines that a child prints."""
    assert process.stdout
    async with patience():
        return [(await process.stdout.readline()).decode().strip() for _ in range(count)]


async def test_another_reader_takes_over_after_a_crash(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    await log.append(records("1", "2", "3"))
    reader = await child("read")
    assert await lines(reader, 3) == ["1", "2", "3"]
    reader.kill()
    await log.append(records("4"))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 1)) == ["4"]


async def test_acknowledged_records_survive_the_death_of_the_writer(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    writer = await child("append")
    acknowledged = int((await lines(writer, 40))[-1])
    writer.kill()
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert set(map(str, range(acknowledged))) <= set(texts(await read(consumer, acknowledged)))


async def test_a_partition_has_one_reader_at_a_time(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    """While the first reader is well, the second one applies nothing of its partitions."""
    reader = await child("read")
    await log.append(records(*map(str, range(30))))
    applied = await lines(reader, 30)

    async def listen() -> None:
        while True:
            applied.extend(await lines(reader, 1))

    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as second:
        await second.poll(1.0)
        await log.append(records(*map(str, range(30, 60))))
        applied_by_second: list[str] = []
        listening = asyncio.create_task(listen())
        async with patience():
            while len(applied) + len(applied_by_second) < 60:
                messages = await second.poll(0.2)
                if messages:
                    await database.unit(partial(claims.advance, messages=messages))
                    applied_by_second += texts(messages)
        listening.cancel()
    assert sorted(applied + applied_by_second, key=int) == [str(n) for n in range(60)]
