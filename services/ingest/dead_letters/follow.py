"""The workers that maintain the table of dead letters and the number of open letters.

When they fail, events still come in: ingest needs no database for events.
"""

import asyncio
from typing import Final

import structlog

from services.ingest.store.dead_letters import check_migrated
from shared.database.dead_letters import count_open_by_group
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import DEAD_LETTERS
from shared.following.dead_letters import GROUP, DeadLetterProjection
from shared.following.follower import Follower
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.pulse import Pulse
from shared.process.telemetry import OPEN_DEAD_LETTERS

logger = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS: Final = 5.0
COUNT_EVERY_SECONDS: Final = 30.0


class LetterWorkers:
    """Follows the topic `dead_letters`, and counts the open letters."""

    def __init__(self, *, log: Log, database: Database, clock: Clock) -> None:
        self._database = database
        self._follower = Follower(
            log=log,
            database=database,
            clock=clock,
            topic=DEAD_LETTERS,
            group=GROUP,
            apply=DeadLetterProjection(clock).apply,
            stored=lambda: None,
        )

    async def follow(self, pulse: Pulse) -> None:
        """Follow the topic until cancelled, once the database has the table."""
        await self._until_migrated(pulse)
        await self._follower.run(pulse)

    async def count(self, pulse: Pulse) -> None:
        """Count the open letters until cancelled, once the database has the table."""
        await self._until_migrated(pulse)
        seen: set[str] = set()
        while True:
            letters = dict.fromkeys(seen, 0) | await self._database.read(count_open_by_group)
            for refused_by, number in letters.items():
                OPEN_DEAD_LETTERS.labels(refused_by).set(number)
            seen |= letters.keys()
            pulse.moved()
            await asyncio.sleep(COUNT_EVERY_SECONDS)

    async def _until_migrated(self, pulse: Pulse) -> None:
        """Wait for the table, which may be missing where ingest runs without a database."""
        logged = False
        while True:
            try:
                await check_migrated(self._database)
            except Unavailable as error:
                pulse.waits(error)
                if not logged:
                    logger.info("dead_letters.wait_for_database", code=error.code)
                logged = True
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            else:
                return
