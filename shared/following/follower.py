"""Following a topic: every message takes effect exactly once, and no message can block the rest."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from shared.database import outbox
from shared.database.engine import Database, Unit
from shared.database.positions import Claims, next_offsets
from shared.errors import Fenced, Unavailable
from shared.events import DEAD_LETTERS, encode
from shared.following.pacing import MOST_MESSAGES, SECONDS_OF_A_TRANSACTION, Pace, fitting
from shared.following.parking import dead_letter
from shared.following.progress import Progress
from shared.log.port import Consumer, Log, Message, Record
from shared.process.clock import Clock
from shared.process.pulse import Pulse
from shared.process.telemetry import BATCH_SECONDS, MESSAGES
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.02  # two workers that collided on a profile have finished by then
LAST_RETRY_SECONDS = 2.0
# With fewer messages, a second transaction costs more than the overlap saves.
SHARES_FROM_MESSAGES = 500
# A batch that fails this often in a row may be too much for the time of a transaction.
TRIES_BEFORE_HALVING = 3
# When two workers collide, a database may refuse good data once; data that it refuses twice is bad.
TRIES_BEFORE_PARKING = 2
# When this many messages in a row have to be parked, the fault is ours and not the messages': stop, so that
# the operator notices.
MAX_PARKED_IN_A_ROW = 20

Summary = Mapping[str, object]
Apply = Callable[[Connection, Sequence[Message]], Summary]


class Follower:
    """Applies a topic's messages in batches, each in one transaction with its position.

    `apply` must have no effect outside the transaction. A fault of ours (Unavailable) makes the batch wait
    and the worker unready; the batch is tried again, in halves when it fails again and again. A batch that
    fails for any other reason is halved until the message at fault is alone, and that message is parked as
    a dead letter. `stored` is called after a commit that has put something into the outbox, and `applied`
    with the summary of each committed batch. `unit` replaces the unit of work of the database.

    A batch takes what is on the log, so live traffic makes small batches and a backlog makes large batches:
    as many messages as fit into `SECONDS_OF_A_TRANSACTION`, so that other writers get a turn, and at most
    MOST_MESSAGES with MOST_BYTES. Meanwhile the log's consumer fetches the next messages. Partitions are
    divided into shares, each with its own transactions: while one share waits for the database another
    computes.
    """

    def __init__(
        self,
        *,
        log: Log,
        database: Database,
        clock: Clock,
        topic: str,
        group: str,
        apply: Apply,
        stored: Callable[[], None],
        applied: Callable[[Summary], None] | None = None,
        unit: Unit | None = None,
        shares: int = 1,
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._topic = topic
        self._group = group
        self._apply = apply
        self._stored = stored
        self._applied = applied
        self._unit = unit or database.unit
        self._shares = shares
        self._pace = Pace(SECONDS_OF_A_TRANSACTION[database.dialect], MOST_MESSAGES)
        self._parked_in_a_row = 0
        self._pulse = Pulse()

    async def run(self, pulse: Pulse) -> None:
        """Follow the topic until cancelled; raises Unavailable when the log is down.

        Raises the last message's error when too many messages in a row have to be parked.
        """
        self._pulse = pulse
        # After a restart it may park as many again: otherwise a sender of many bad messages would stop it
        # for good.
        self._parked_in_a_row = 0
        claims = Claims(self._database, self._group)
        async with self._log.consume(self._topic, self._group, claims) as consumer:
            progress = Progress(self._group, consumer)
            while True:
                messages = await consumer.poll(POLL_SECONDS)
                if messages:
                    await self._handle(claims, consumer, messages)
                    pulse.moved()
                caught_up = await progress.look()
                if not messages and caught_up:
                    pulse.moved()

    async def _handle(self, claims: Claims, consumer: Consumer, messages: Sequence[Message]) -> None:
        shares = self._shares if len(messages) >= SHARES_FROM_MESSAGES else 1
        by_share: dict[int, list[Message]] = {}
        for message in messages:
            by_share.setdefault(message.partition.number % shares, []).append(message)
        outcomes = await asyncio.gather(
            *(self._handle_share(claims, consumer, share) for share in by_share.values()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _handle_share(self, claims: Claims, consumer: Consumer, messages: Sequence[Message]) -> None:
        done = 0
        try:
            while done < len(messages):
                batch = messages[done : done + self._fitting(messages, done)]
                await self._persist(claims, batch)
                done += len(batch)
                await consumer.acknowledge(next_offsets(batch))
                self._pulse.progressed()
        except Fenced:
            remaining = len(messages) - done
            logger.warning("batch.fenced", group=self._group, messages=remaining)
            MESSAGES.labels(self._group, "fenced").inc(remaining)
            consumer.stand_down()

    def _fitting(self, messages: Sequence[Message], done: int) -> int:
        return fitting((len(message.value) for message in islice(messages, done, None)), self._pace.size)

    async def _persist(
        self, claims: Claims, messages: Sequence[Message], delay: float = FIRST_RETRY_SECONDS
    ) -> None:
        """Apply the messages: wait for temporary faults to pass, and isolate the messages that always fail.

        `delay` is how many seconds to wait after the first failure.
        """
        waits = refusals = 0
        while True:
            try:
                await self._once(claims, messages)
                self._parked_in_a_row = 0
                return None
            except Unavailable as error:
                waits += 1
                delay = await self._wait(error, delay)
                if waits >= TRIES_BEFORE_HALVING and len(messages) > 1:
                    return await self._persist_halves(claims, messages, delay)
            except Fenced:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, one message must not block the rest
                refusals += 1
                if len(messages) > 1:
                    return await self._persist_halves(claims, messages)
                if not isinstance(error, DBAPIError) or refusals >= TRIES_BEFORE_PARKING:
                    return await self._park(claims, messages[0], error)

    async def _persist_halves(
        self, claims: Claims, messages: Sequence[Message], delay: float = FIRST_RETRY_SECONDS
    ) -> None:
        half = len(messages) // 2
        await self._persist(claims, messages[:half], delay)
        await self._persist(claims, messages[half:])

    async def _wait(self, error: Unavailable, delay: float) -> float:
        """Wait for a fault of ours to pass and return how long to wait the next time, in seconds."""
        self._pulse.waits(error)
        logger.warning("batch.retry", group=self._group, error=safe_reason(error))
        await asyncio.sleep(delay)
        return min(delay * 2, LAST_RETRY_SECONDS)

    async def _once(self, claims: Claims, messages: Sequence[Message]) -> None:
        def applied(connection: Connection) -> tuple[float, Summary, bool]:
            began = time.perf_counter()
            claims.advance(connection, messages)
            return began, self._apply(connection, messages), outbox.has_new_records(connection)

        started = time.perf_counter()
        began, summary, has_stored = await self._unit(applied)
        ended = time.perf_counter()
        # Without the wait for the writer's turn, since that wait does not come from the size of the batch.
        self._pace.took(len(messages), ended - began)
        if has_stored:
            self._stored()
        if self._applied is not None:
            self._applied(summary)
        BATCH_SECONDS.labels(self._group).observe(ended - started)
        MESSAGES.labels(self._group, "applied").inc(len(messages))
        logger.info(
            "batch.applied",
            group=self._group,
            messages=len(messages),
            milliseconds=round((ended - started) * 1000, 1),
            **summary,
        )

    async def _park(self, claims: Claims, message: Message, error: Exception) -> None:
        self._parked_in_a_row += 1
        if self._parked_in_a_row > MAX_PARKED_IN_A_ROW:
            raise error
        letter = dead_letter(message, error, refused_by=self._group, at=self._clock.now())

        def parked(connection: Connection) -> None:
            claims.advance(connection, [message])
            outbox.put(connection, [Record(DEAD_LETTERS, letter.id, encode(letter))])

        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                await self._database.unit(parked)
                break
            except Unavailable as fault:
                delay = await self._wait(fault, delay)
        self._stored()
        MESSAGES.labels(self._group, "parked").inc()
        logger.error("message.parked", group=self._group, dead_letter=letter.id, error=safe_reason(error))
