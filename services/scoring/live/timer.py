"""The timer: scores that change without a new interaction, priced again on their due day.

The due day is stored with each score, so nothing is missed while no process runs.
"""

import asyncio
from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.live.rescoring import rescore_profiles
from services.scoring.store import due as scores_due
from services.scoring.store.models import active, lock_active_versions
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.clock import Clock
from shared.process.pulse import Pulse

logger = structlog.get_logger(__name__)

PAGE = 500
LOOK_AGAIN_SECONDS = 30.0


class Timer:
    """Prices due profiles again; of the timers in several processes one works at a time."""

    def __init__(self, database: Database, clock: Clock, on_rescored: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._on_rescored = on_rescored
        self._all_priced = False

    async def run(self, pulse: Pulse) -> None:
        """Look for due profiles until cancelled."""
        while True:
            try:
                while await self._page():
                    pulse.moved()
                pulse.moved()
            except Unavailable as error:
                pulse.waits(error)
                logger.warning("timer.retry", error=error.message)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _page(self) -> int:
        done = await self._database.unit(self.rescore_due)
        if done:
            self._on_rescored()
            logger.info("timer.rescored", profiles=done)
        return done

    def rescore_due(self, connection: Connection) -> int:
        """Price again some profiles that are due or have no score yet; return how many."""
        if not scores_due.take_turn(connection):
            return 0
        now = self._clock.now()
        due = scores_due.due(connection, day_of(now), PAGE)
        if not due and not self._all_priced:
            due = scores_due.unpriced(connection, PAGE)
            self._all_priced = not due
        if not due:
            scores_due.drop_unused(connection, PAGE * 10)
            return 0
        lock_active_versions(connection)
        rescore_profiles(connection, due, active(connection), now)
        return len(due)
