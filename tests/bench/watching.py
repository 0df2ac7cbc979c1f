"""How fast a worker moves the positions of scoring, seen from outside, on either database."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench.arena import Wrong
from tests.bench.meter import cpu_seconds, peak_mebibytes
from tests.support.postgres import plain

LOOK_SECONDS = 0.02
MOVED = "select coalesce(sum(next_offset), 0) from positions where consumer = 'scoring'"

Look = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Pace:
    """How fast workers moved the positions, from the first movement to the last."""

    events: int
    seconds: float
    cpu_seconds: float
    peak_mebibytes: float
    """of the worker with the most"""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time for one event, of all workers together."""
        return self.cpu_seconds / self.events * 1e6


def watch_postgres(url: str, until: int, pids: Sequence[int], *, limit: float) -> Pace:
    """Watch the positions until they have reached the end; raises Wrong when they do not in time."""
    return asyncio.run(_watched(postgres_positions(url), until, pids, limit))


def watch_sqlite(file: Path, until: int, pids: Sequence[int], *, limit: float) -> Pace:
    """Do the same on a SQLite file."""
    return asyncio.run(_watched(_sqlite(file), until, pids, limit))


@asynccontextmanager
async def postgres_positions(url: str) -> AsyncGenerator[Look]:
    """Give a function that returns how many events of all partitions our workers have taken in."""
    connection = await asyncpg.connect(plain(url))

    async def look() -> int:
        return int(await connection.fetchval(MOVED))

    try:
        yield look
    finally:
        await connection.close()


@asynccontextmanager
async def _sqlite(file: Path) -> AsyncGenerator[Look]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:

        async def look() -> int:
            return int(connection.execute(MOVED).fetchone()[0])

        yield look


async def _watched(
    opened: AbstractAsyncContextManager[Look], until: int, pids: Sequence[int], limit: float
) -> Pace:
    moved, at = 0, 0.0
    first: tuple[int, float, float] | None = None
    try:
        async with opened as look, asyncio.timeout(limit):
            before = await look()
            while True:
                moved, at = await look(), time.perf_counter()
                if first is None and moved > before:
                    first = moved, at, _cpu(pids)
                if moved >= until and first is not None:
                    break
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise Wrong(f"after {limit:.0f} s the positions are at {moved:,} of {until:,}") from error
    if at == first[1]:
        raise Wrong("the first batch was all there was: measure more events")
    return Pace(moved - first[0], at - first[1], _cpu(pids) - first[2], max(map(peak_mebibytes, pids)))


def _cpu(pids: Sequence[int]) -> float:
    return sum(map(cpu_seconds, pids))
