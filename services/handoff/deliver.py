"""The delivery worker: claims what is due, has it sent, records what came of it.

One transaction a turn does both the recording and the claiming, so that a busy worker commits seldom
and a delivery that was just stored waits for one commit only.
"""

import asyncio
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from services.handoff.attempting import Attempter, tell
from services.handoff.delivery import Delivered, Prepared
from services.handoff.lanes import Lanes
from services.handoff.send import Sender
from services.handoff.store.claims import claim
from services.handoff.store.leases import give_back
from services.handoff.store.records import Attempt, record
from services.handoff.takeover import Takeover
from shared.clock import Clock
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.pulse import Pulse
from shared.reasons import safe_reason
from shared.supervisor import Bell

logger = structlog.get_logger(__name__)

# New deliveries ring the bell; retries, and deliveries that another process stored, are found by looking.
LOOK_AGAIN_SECONDS = 0.5
RETRY_SECONDS = 0.5
# How much longer than an attempt a lease lasts: room for the look at the answer, the commit, a slow disk.
LEASE_MARGIN = timedelta(seconds=30)
# What a stopping process may still spend on recording; what is not recorded is sent once more.
WIND_UP_SECONDS = 3.0


class Deliverer:
    """Sends what is due until cancelled; what it leaves unfinished is due again at once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: Sender,
        attempter: Attempter,
        takeover: Takeover,
        timeout_seconds: float,
        bell: Bell,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._attempter = attempter
        self._takeover = takeover
        self._lease = timedelta(seconds=timeout_seconds) + LEASE_MARGIN
        self._bell = bell
        self._lanes = Lanes()
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: list[Attempt] = []

    async def run(self, pulse: Pulse) -> None:
        """Work until cancelled."""
        await self._takeover.tried()
        async with self._sender:
            try:
                while True:
                    if not await self._turn(pulse):
                        await self._bell.wait(LOOK_AGAIN_SECONDS)
            finally:
                await self._wind_up()

    async def _turn(self, pulse: Pulse) -> bool:
        """Record what has finished, start what is due, and tell whether more may be due."""
        try:
            claimed, more = await self._exchange()
        except Exception as error:
            # Not passed on: a worker that is started anew has broken off the attempts under way.
            pulse.waits(error)
            ours = not isinstance(error, Unavailable)
            logger.warning("deliveries.wait", error=safe_reason(error), exc_info=ours)
            if ours:
                await self._record_each()
            await asyncio.sleep(RETRY_SECONDS)
            return True
        pulse.moved()
        for delivery in claimed:
            self._lanes.enter(delivery.webhook_id)
            task = asyncio.create_task(self._attempt(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return more and bool(claimed)

    async def _exchange(self) -> tuple[list[Prepared], bool]:
        finished = tuple(self._finished)
        now = self._clock.now()

        def exchanged(connection: Connection) -> tuple[list[Prepared], bool]:
            record(connection, finished)
            # The name and the places are those of now: the unit may have waited long for its turn.
            return claim(
                connection,
                now=now,
                lease=now + self._lease,
                worker=self._takeover.name,
                limit=self._lanes.free,
                full=self._lanes.full,
                choose=self._lanes.choose,
            )

        claimed, more = await self._database.unit(exchanged)
        del self._finished[: len(finished)]
        return claimed, more

    async def _record_each(self) -> None:
        """Record each attempt in a transaction of its own, so that one failure does not affect the others.

        Its delivery becomes due again when its lease ends.
        """
        for attempt in tuple(self._finished):
            try:
                await self._database.unit(partial(record, finished=[attempt]))
            except Unavailable:
                return
            except Exception as error:
                logger.exception(
                    "delivery.unrecorded", delivery=attempt.delivery.id, error=safe_reason(error)
                )
            self._finished.remove(attempt)

    async def _attempt(self, delivery: Prepared) -> None:
        taken = False
        try:
            attempt = await self._attempter.attempt(delivery)
            self._finished.append(attempt)
            taken = isinstance(attempt.settled, Delivered)
        finally:
            # Also after an error: otherwise the endpoint would have one place less for good.
            self._lanes.leave(delivery.webhook_id, taken=taken)
            self._bell.ring()
        tell(attempt)

    async def _wind_up(self) -> None:
        """Break off what is under way, and record what had come back, so that it is not sent again."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._lanes = Lanes()
        finished = tuple(self._finished)

        def recorded(connection: Connection) -> None:
            record(connection, finished)
            give_back(connection, [self._takeover.worker], self._clock.now())

        try:
            async with asyncio.timeout(WIND_UP_SECONDS):
                await self._database.unit(recorded)
        except Exception as error:  # noqa: BLE001 - it must not hide the error that ends the worker
            logger.warning("deliveries.unrecorded", attempts=len(self._finished), error=safe_reason(error))
        self._finished.clear()
