"""The delivery worker: claims due deliveries, has them sent, records the attempts.

One transaction per turn does both the recording and the claiming, so that a busy worker commits seldom. A
delivery that this process stores is claimed in the same transaction, and sent when that commits.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from services.handoff.sending.attempt import Attempter, log_attempt
from services.handoff.sending.send import Sender
from services.handoff.sending.takeover import Takeover
from services.handoff.sending.wake import Due
from services.handoff.store.claims import Claimed, claim
from services.handoff.store.leases import release
from services.handoff.store.records import Attempt, record
from services.handoff.webhooks.bulkhead import Bulkhead
from services.handoff.webhooks.delivery import Delivered, Prepared
from shared.database.connections import Work
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.clock import Clock
from shared.process.pulse import Pulse
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

T = TypeVar("T")

# New deliveries ring the bell; retries, and deliveries that another process stored, are found by polling.
LOOK_AGAIN_SECONDS = 0.5
RETRY_SECONDS = 0.5
# How much longer than an attempt a lease lasts: time to read the answer, to commit, for a slow disk.
LEASE_MARGIN = timedelta(seconds=30)
# The time that a stopping process may still spend on recording; unrecorded attempts are sent once more.
WIND_UP_SECONDS = 3.0


class _ClaimFailed(Exception):
    """A claim failed that shared the transaction with other work."""


class Deliverer:
    """Sends due deliveries until cancelled; unfinished deliveries become due again at once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        sender: Sender,
        attempter: Attempter,
        takeover: Takeover,
        timeout_seconds: float,
        due: Due,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._attempter = attempter
        self._takeover = takeover
        self._lease = timedelta(seconds=timeout_seconds) + LEASE_MARGIN
        self._due = due
        self._bulkhead = Bulkhead()
        # One claim at a time, because a claim takes its slots in the bulkhead only when it has committed.
        self._claiming = asyncio.Lock()
        self._is_running = False
        self._may_be_due = True
        self._claimed_at = float("-inf")
        self._under_way: set[asyncio.Task[None]] = set()
        self._finished: list[Attempt] = []

    async def run(self, pulse: Pulse) -> None:
        """Work until cancelled."""
        await self._takeover.tried()
        async with self._sender:
            self._is_running = True
            try:
                while True:
                    if not await self._turn(pulse):
                        await self._due.wait(LOOK_AGAIN_SECONDS)
            finally:
                self._is_running = False
                await self._wind_up()

    async def unit(self, work: Work[T], /) -> T:
        """Do a unit of work that stores deliveries; claim what is due in the same transaction, then send it.

        When the claim fails, the transaction rolls back and the work is done again without a claim: a damaged
        delivery cannot keep leads out. While any endpoint has no free slot, there is no claim either, since
        the worker must not wait for long work before it records.
        """
        if self._is_running and not self._bulkhead.full:
            with suppress(_ClaimFailed):
                return await self._done_and_claimed(work)
        done = await self._database.unit(work)
        self._due.ring()
        return done

    async def _done_and_claimed(self, work: Work[T]) -> T:
        async with self._claiming:

            def both(connection: Connection) -> tuple[T, Claimed]:
                done = work(connection)
                try:
                    return done, self._claim(connection)
                except Exception as error:
                    raise _ClaimFailed from error

            done, claimed = await self._database.unit(both)
            self._start(claimed)
        return done

    async def _turn(self, pulse: Pulse) -> bool:
        """Record finished attempts, start due deliveries, and return whether more may be due."""
        try:
            more = await self._exchange()
        except Exception as error:
            # Not raised: a restarted worker would abort the attempts under way.
            pulse.waits(error)
            unexpected = not isinstance(error, Unavailable)
            logger.warning("deliveries.retry", error=safe_reason(error), exc_info=unexpected)
            if unexpected:
                await self._record_each()
            await asyncio.sleep(RETRY_SECONDS)
            return True
        pulse.moved()
        return more

    async def _exchange(self) -> bool:
        """Record and claim, if there is a reason to; return whether to do so again at once."""
        async with self._claiming:
            finished = tuple(self._finished)
            if not self._shall_claim():
                await self._database.unit(partial(record, finished=finished))
                del self._finished[: len(finished)]
                return False

            def exchanged(connection: Connection) -> Claimed:
                record(connection, finished)
                return self._claim(connection)

            try:
                claimed = await self._database.unit(exchanged)
            except BaseException:
                self._may_be_due = True
                raise
            del self._finished[: len(finished)]
            self._start(claimed)
            return claimed.more and bool(claimed.deliveries)

    def _shall_claim(self) -> bool:
        """Return whether a claim may find anything: new, due again, or left by the last claim."""
        rang = self._due.take()
        rested = asyncio.get_running_loop().time() - self._claimed_at >= LOOK_AGAIN_SECONDS
        return rang or rested or self._may_be_due

    def _claim(self, connection: Connection) -> Claimed:
        # After the work in the same transaction: its new deliveries are due at the time they are stored.
        now = self._clock.now()
        return claim(
            connection,
            now=now,
            lease=now + self._lease,
            # The current name and slots: the unit may have waited long for its turn.
            worker=self._takeover.name,
            limit=self._bulkhead.free,
            full=self._bulkhead.full,
            choose=self._bulkhead.choose,
        )

    def _start(self, claimed: Claimed) -> None:
        self._claimed_at = asyncio.get_running_loop().time()
        for delivery in claimed.deliveries:
            self._bulkhead.enter(delivery.webhook_id)
            task = asyncio.create_task(self._attempt(delivery))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        self._may_be_due = claimed.more_later

    async def _record_each(self) -> None:
        """Record each attempt in a transaction of its own, so that one failure does not affect the others.

        A delivery that is not recorded becomes due again when its lease ends.
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
            taken = isinstance(attempt.decided, Delivered)
        finally:
            # Also after an error: otherwise the endpoint would lose this slot for good.
            self._bulkhead.leave(delivery.webhook_id, taken=taken)
            self._due.wake()
        log_attempt(attempt)

    async def _wind_up(self) -> None:
        """Abort attempts under way, and record finished ones, so that they are not sent again."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._bulkhead = Bulkhead()
        finished = tuple(self._finished)

        def recorded(connection: Connection) -> None:
            record(connection, finished)
            release(connection, [self._takeover.worker], self._clock.now())

        try:
            async with asyncio.timeout(WIND_UP_SECONDS):
                await self._database.unit(recorded)
        except Exception as error:  # noqa: BLE001 - it must not hide the error that ends the worker
            logger.warning("deliveries.unrecorded", attempts=len(self._finished), error=safe_reason(error))
        self._finished.clear()
