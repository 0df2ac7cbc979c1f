"""The delivery worker: claims what is due, sends it, records what came of it.

One transaction a turn does both the recording and the claiming, so that a busy worker commits seldom
and a delivery that was just stored waits for one commit only.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from services.handoff.delivery import Answer, Delivered, Prepared, Settled, settle
from services.handoff.lanes import Lanes
from services.handoff.send import Sender
from services.handoff.store.claims import claim
from services.handoff.store.records import Attempt, record
from shared.clock import Clock
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.ids import NewId
from shared.pulse import Pulse
from shared.supervisor import Bell
from shared.telemetry import ATTEMPT_SECONDS, ATTEMPTS

logger = structlog.get_logger(__name__)

# New deliveries ring the bell; retries, and deliveries that another process stored, are found by looking.
LOOK_AGAIN_SECONDS = 0.5
RETRY_SECONDS = 0.5
# How much longer than an attempt a lease lasts: room for the look at the answer, the commit, a slow disk.
LEASE_MARGIN = timedelta(seconds=30)
# What a stopping process may still spend on recording; what is not recorded is sent once more.
WIND_UP_SECONDS = 3.0


class Deliverer:
    """Sends what is due until cancelled; what it leaves unfinished is tried again when its lease ends."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: Sender,
        timeout_seconds: float,
        bell: Bell,
        new_id: NewId,
        jitter: Callable[[], float],
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._lease = timedelta(seconds=timeout_seconds) + LEASE_MARGIN
        self._bell = bell
        self._new_id = new_id
        self._jitter = jitter
        self._lanes = Lanes()
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: list[Attempt] = []

    async def run(self, pulse: Pulse) -> None:
        """Work until cancelled."""
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
            pulse.moved()
        except Unavailable as error:
            pulse.waits(error)
            logger.warning("deliveries.wait", error=error.message)
            await asyncio.sleep(RETRY_SECONDS)
            return True
        for delivery in claimed:
            self._lanes.enter(delivery.webhook_id)
            task = asyncio.create_task(self._attempt(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return more and bool(claimed)

    async def _exchange(self) -> tuple[list[Prepared], bool]:
        finished = tuple(self._finished)
        now = self._clock.now()
        async with self._database.unit() as connection:
            await record(connection, finished)
            claimed, more = await claim(
                connection,
                now=now,
                lease=now + self._lease,
                limit=self._lanes.free,
                full=self._lanes.full,
                choose=self._lanes.choose,
            )
        del self._finished[: len(finished)]
        return claimed, more

    async def _attempt(self, delivery: Prepared) -> None:
        loop = asyncio.get_running_loop()
        started, at = loop.time(), self._clock.now()
        result = await self._sender.send(delivery, at)
        seconds = loop.time() - started
        settled = settle(delivery.failures, result, self._clock.now(), self._jitter())
        attempt = Attempt(
            id=self._new_id(),
            delivery=delivery,
            at=at,
            milliseconds=round(seconds * 1000),
            result=result,
            settled=settled,
        )
        self._finished.append(attempt)
        self._lanes.leave(delivery.webhook_id, taken=isinstance(settled, Delivered))
        self._bell.ring()
        ATTEMPTS.labels(type(settled).__name__.lower()).inc()
        ATTEMPT_SECONDS.observe(seconds)
        _tell(attempt)

    async def _wind_up(self) -> None:
        """Break off what is under way and record what had come back, so that it is not sent again."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._lanes = Lanes()
        if not self._finished:
            return
        try:
            async with asyncio.timeout(WIND_UP_SECONDS), self._database.unit() as connection:
                await record(connection, self._finished)
        except Exception as error:  # noqa: BLE001 - it may not take the place of what ends the worker
            logger.warning("deliveries.unrecorded", attempts=len(self._finished), error=repr(error))
        self._finished.clear()


def _tell(attempt: Attempt) -> None:
    delivery, settled = attempt.delivery, attempt.settled
    logger.info(
        "delivery.attempted",
        delivery=delivery.id,
        webhook=delivery.webhook_id,
        message=delivery.message_id,
        type=delivery.type,
        attempt=delivery.failures + 1,
        outcome=type(settled).__name__.lower(),
        status=attempt.result.status if isinstance(attempt.result, Answer) else None,
        milliseconds=attempt.milliseconds,
        **_next(settled),
    )


def _next(settled: Settled) -> dict[str, object]:
    if isinstance(settled, Delivered):
        return {}
    return {"error": settled.error, "retry_at": settled.retry_at, "held": settled.retry_at is None}
