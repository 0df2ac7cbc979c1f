"""Measures the backlog of each endpoint, for monitoring.

Every process of the hand-off shows the same numbers, those of the one database.
"""

import asyncio
from collections.abc import Iterable

import structlog

from services.handoff.store.backlog import EndpointBacklog, backlogs
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.clock import Clock
from shared.process.pulse import Pulse
from shared.process.telemetry import DELIVERIES_HELD, DELIVERIES_PENDING, OLDEST_DUE_SECONDS

logger = structlog.get_logger(__name__)

LOOK_AGAIN_SECONDS = 15.0
# Counting millions of deliveries takes a while, so a longer count is followed by a longer pause.
REST_PER_SECOND_OF_LOOKING = 50


class Measure:
    """Keeps the gauges of the backlog up to date until cancelled."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self, pulse: Pulse) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                found = await self._database.read(backlogs)
            except Unavailable as error:
                pulse.waits(error)
                logger.warning("backlog.unavailable", error=error.message)
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
                continue
            took = loop.time() - started
            self._show(found)
            for _ in range(max(1, round(took * REST_PER_SECOND_OF_LOOKING / LOOK_AGAIN_SECONDS))):
                pulse.moved()
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def _show(self, found: Iterable[EndpointBacklog]) -> None:
        for gauge in (DELIVERIES_PENDING, DELIVERIES_HELD, OLDEST_DUE_SECONDS):
            gauge.clear()  # of removed endpoints; no scrape can happen before the others are set again
        now = self._clock.now()
        for backlog in found:
            late = (now - backlog.due_at).total_seconds() if backlog.due_at else 0.0
            DELIVERIES_PENDING.labels(backlog.webhook_id).set(backlog.pending)
            DELIVERIES_HELD.labels(backlog.webhook_id).set(backlog.held)
            OLDEST_DUE_SECONDS.labels(backlog.webhook_id).set(max(late, 0.0))
