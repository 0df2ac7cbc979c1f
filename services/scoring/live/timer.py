"""The timer: scores that change without a new interaction, priced again on their due day.

The due day is stored with each score, so nothing is missed while no process runs.
"""

import asyncio
from collections.abc import Callable

import sqlalchemy as sa
import structlog

from services.scoring.core.counting.tally import day_of
from services.scoring.live.rescoring import rescore_profiles
from services.scoring.store.models import active, hold
from services.scoring.store.tables import identities, models, preparations, scores
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.clock import Clock
from shared.process.pulse import Pulse

logger = structlog.get_logger(__name__)

PAGE = 500
LOOK_AGAIN_SECONDS = 30.0
# The key of the advisory lock of the timer at work: any constant without another use.
_TURN = 4_201_339


class Timer:
    """Prices due profiles again; of the timers in several processes one works at a time."""

    def __init__(self, database: Database, clock: Clock, settled: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._settled = settled
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
                logger.warning("timer.waits", error=error.message)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _page(self) -> int:
        done = await self._database.unit(self.settle_due)
        if done:
            self._settled()
            logger.info("timer.settled", profiles=done)
        return done

    def settle_due(self, connection: sa.Connection) -> int:
        """Price again some profiles that are due or have no score yet; return how many."""
        if not _has_its_turn(connection):
            return 0
        now = self._clock.now()
        due = _due(connection, day_of(now))
        if not due and not self._all_priced:
            due = _unpriced(connection)
            self._all_priced = not due
        if not due:
            _sweep(connection)
            return 0
        hold(connection)
        rescore_profiles(connection, due, active(connection), now)
        return len(due)


def _has_its_turn(connection: sa.Connection) -> bool:
    """Return whether this is the only timer at work: two would only disturb each other."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_TURN))).scalar())


def _due(connection: sa.Connection, today: int) -> list[str]:
    query = (
        sa.select(scores.c.profile_id)
        .where(scores.c.due_on <= today, _is_in_use())
        .order_by(scores.c.due_on)
        .limit(PAGE)
    )
    return sorted(set(connection.execute(query).scalars()))


def _unpriced(connection: sa.Connection) -> list[str]:
    """Return profiles without a score in an active version, as after a migration."""
    priced = sa.exists().where(
        scores.c.profile_id == identities.c.id,
        scores.c.model == models.c.model,
        scores.c.version == models.c.active_version,
    )
    query = (
        sa.select(identities.c.id)
        .join(models, models.c.active_version.is_not(None))
        .where(identities.c.id == identities.c.profile_id, ~priced)
        .limit(PAGE)
    )
    return sorted(set(connection.execute(query).scalars()))


def _sweep(connection: sa.Connection) -> None:
    """Remove some scores of versions that no longer score."""
    old = (
        sa.select(scores.c.profile_id, scores.c.model, scores.c.version).where(~_is_in_use()).limit(PAGE * 10)
    )
    columns = sa.tuple_(scores.c.profile_id, scores.c.model, scores.c.version)
    connection.execute(sa.delete(scores).where(columns.in_(old)))


def _is_in_use() -> sa.ColumnElement[bool]:
    """Return the SQL condition that the version of a score is active or being prepared."""
    return sa.exists().where(
        models.c.model == scores.c.model, models.c.active_version == scores.c.version
    ) | sa.exists().where(preparations.c.model == scores.c.model, preparations.c.version == scores.c.version)
