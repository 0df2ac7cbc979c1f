"""The part of the log's exam in which processes die."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.log.port import Log
from tests.contract.logs import PATIENCE, read, records, texts

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def child(log_url: str, sqlite_url: str) -> AsyncIterator[Callable[[str], Any]]:
    """Start the exam's child process for a job; it is killed at the end, if not before."""
    async with AsyncExitStack() as stack:

        async def start(job: str) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.contract.log_child", job, log_url, sqlite_url,
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            stack.push_async_callback(kill, process)
            return process

        yield start


async def kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


async def test_another_reader_takes_over_after_a_crash(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    await log.append(records("1", "2", "3"))
    reader = await child("read")
    async with asyncio.timeout(PATIENCE):
        applied = [(await reader.stdout.readline()).decode().strip() for _ in range(3)]
    assert applied == ["1", "2", "3"]
    reader.kill()
    await log.append(records("4"))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 1)) == ["4"]


async def test_what_was_acknowledged_survives_the_death_of_its_writer(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    writer = await child("append")
    async with asyncio.timeout(PATIENCE):
        for _ in range(40):
            acknowledged = int(await writer.stdout.readline())
    writer.kill()
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert set(map(str, range(acknowledged))) <= set(texts(await read(consumer, acknowledged)))


async def test_a_partition_has_one_reader_at_a_time(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    """While the first reader is well, the second one applies nothing of its partitions."""
    reader = await child("read")
    await log.append(records(*map(str, range(30))))
    async with asyncio.timeout(PATIENCE):
        applied = [(await reader.stdout.readline()).decode().strip() for _ in range(30)]
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as second:
        await second.poll(1.0)
        await log.append(records(*map(str, range(30, 60))))
        mine: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while len(applied) + len(mine) < 60:
                try:
                    applied.append((await asyncio.wait_for(reader.stdout.readline(), 0.2)).decode().strip())
                except TimeoutError:
                    messages = await second.poll(0.2)
                    if messages:
                        async with database.unit() as connection:
                            await claims.advance(connection, messages)
                        mine += texts(messages)
    assert sorted(applied + mine, key=int) == [str(n) for n in range(60)]
