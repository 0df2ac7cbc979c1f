"""Live events at a steady rate during another measurement, and how far scoring falls behind."""

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Self

import asyncpg

from shared.events import INTERACTIONS, Interaction, encode
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from tests.bench.activating import Activated, activated
from tests.bench.arena import Arena, Wrong
from tests.bench.population import identity
from tests.bench.servers import Server
from tests.bench.watching import MOVED
from tests.bench.workload import dice, properties
from tests.support.postgres import plain

RATE = 200
EVERY_SECONDS = 0.1
CATCH_UP_LIMIT = 60.0


class Live:
    """Appends visits of known people to an embedded log, from entering the block until `stop`."""

    def __init__(self, log: Path, url: str, people: int) -> None:
        self._file = log
        self._url = url
        self._people = people
        self._draw: Random = dice("live")
        self._stopped = False
        self.appended = 0
        self.most_behind = 0
        """the most events, of all looks, that were appended and not yet taken in"""
        self.stood_still = 0.0
        """the longest time in seconds, from look to look, in which events waited and none was taken in"""
        self._taken = 0
        self._moved_at = 0.0

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(plain(self._url))
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self._connection.close()

    async def _run(self) -> None:
        log = EmbeddedLog(self._file)
        started = time.perf_counter()
        try:
            while not self._stopped:
                due = int((time.perf_counter() - started) * RATE) - self.appended
                await log.append([self._record(self.appended + index) for index in range(due)])
                self.appended += max(0, due)
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            await log.close()

    async def beside(self, arena: Arena, server: Server, *, limit: float) -> Activated:
        """Activate the draft while events come, then stop appending and wait until all are taken in."""

        async def look() -> None:
            await self.look()

        took = await activated(arena, server, self._url, limit=limit, look=look)
        await self.stop()
        await self.caught_up()
        return took

    async def stop(self) -> None:
        """Stop appending."""
        self._stopped = True
        await self._running

    async def look(self) -> int:
        """Return how many events scoring is behind, and note the maximum."""
        appended = self.appended
        moved = int(await self._connection.fetchval(MOVED))
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as log:
            # Offsets count the records of all topics.
            (taken,) = log.execute(
                'select count(*) from record where topic = ? and "offset" < ?', (INTERACTIONS, moved)
            ).fetchone()
        self.most_behind = max(self.most_behind, appended - int(taken))
        now = time.perf_counter()
        if int(taken) == self._taken < appended and self._moved_at:
            self.stood_still = max(self.stood_still, now - self._moved_at)
        else:
            self._taken, self._moved_at = int(taken), now
        return self.appended - int(taken)

    async def caught_up(self) -> None:
        """Wait until scoring has taken in everything; raises Wrong when it does not in time."""
        deadline = time.monotonic() + CATCH_UP_LIMIT
        while behind := await self.look():
            if time.monotonic() > deadline:
                raise Wrong(f"scoring is {behind:,} live events behind {CATCH_UP_LIMIT:.0f} s after the last")
            await asyncio.sleep(EVERY_SECONDS)

    def _record(self, number: int) -> Record:
        person, now = identity(self._draw.randrange(self._people)), datetime.now(UTC)
        event = Interaction(
            id=f"live-{number}",
            type="visit",
            identities=(person,),
            occurred_at=now,
            received_at=now,
            source="web",
            properties=properties(self._draw, "visit"),
        )
        return Record(INTERACTIONS, person.id, encode(event))
