"""Following a topic: every message applied exactly once in effect, and none able to block the rest."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.database import outbox
from shared.database.engine import Database
from shared.database.positions import Claims, next_offsets
from shared.errors import Fenced, Poison, Unavailable
from shared.events import DEAD_LETTERS, DeadLetter, encode
from shared.ids import derived_id
from shared.log.port import Consumer, Log, Message, Record
from shared.pulse import Pulse
from shared.telemetry import BATCH_SECONDS, LAG, MESSAGES

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.02  # two workers that met on a person are past each other by then
LAST_RETRY_SECONDS = 2.0
LAG_EVERY_SECONDS = 5.0
# With fewer, a second transaction costs more than it overlaps.
SHARES_FROM_MESSAGES = 500
# What fails so often in a row may be too much for the time that a transaction has.
TRIES_BEFORE_HALVING = 3
# When this many messages in a row have to be parked the fault is ours, not theirs: stop and be seen.
MAX_PARKED_IN_A_ROW = 20

Summary = Mapping[str, object]
Apply = Callable[[AsyncConnection, Sequence[Message]], Awaitable[Summary]]


class Follower:
    """Applies a topic's messages in batches, each in one transaction with its position.

    `apply` must have no effect outside the transaction. What fails for a passing reason is tried again, in
    halves when it goes on failing; a batch that fails for another reason is halved until the message at fault
    is alone, and that one is parked as a dead letter. `committed` is called after every commit, and `applied`
    with the summary of each batch, once its transaction has committed.

    Partitions are dealt out in shares, each with transactions of its own: while one waits for the database
    another computes.
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
        committed: Callable[[], None],
        applied: Callable[[Summary], None] | None = None,
        shares: int = 1,
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._topic = topic
        self._group = group
        self._apply = apply
        self._committed = committed
        self._applied = applied
        self._shares = shares
        self._parked_in_a_row = 0

    async def run(self, pulse: Pulse) -> None:
        """Follow the topic until cancelled; raises Unavailable when the log is away.

        Raises what the last message failed for when too many in a row have to be parked.
        """
        # Started again it may park as many more: else whoever gets so many bad ones in stops it for good.
        self._parked_in_a_row = 0
        claims = Claims(self._database, self._group)
        told_at = 0.0
        async with self._log.consume(self._topic, self._group, claims) as consumer:
            while True:
                messages = await consumer.poll(POLL_SECONDS)
                if messages:
                    await self._handle(claims, consumer, messages)
                pulse.moved()
                if time.monotonic() - told_at > LAG_EVERY_SECONDS:
                    told_at = time.monotonic()
                    LAG.labels(self._group).set(await consumer.lag())

    async def _handle(self, claims: Claims, consumer: Consumer, messages: Sequence[Message]) -> None:
        shares = self._shares if len(messages) >= SHARES_FROM_MESSAGES else 1
        by_share: dict[int, list[Message]] = {}
        for message in messages:
            by_share.setdefault(message.partition.number % shares, []).append(message)
        outcomes = await asyncio.gather(
            *(self._settle(claims, consumer, share) for share in by_share.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _settle(self, claims: Claims, consumer: Consumer, messages: Sequence[Message]) -> None:
        try:
            await self._persist(claims, messages)
        except Fenced:
            logger.warning("batch.fenced", group=self._group, messages=len(messages))
            MESSAGES.labels(self._group, "fenced").inc(len(messages))
            consumer.stand_down()
        else:
            await consumer.acknowledge(next_offsets(messages))

    async def _persist(
        self, claims: Claims, messages: Sequence[Message], delay: float = FIRST_RETRY_SECONDS
    ) -> None:
        """Apply the messages, waiting out what passes and isolating what does not.

        `delay` is how many seconds to wait after the first failure.
        """
        tries = 0
        while True:
            try:
                await self._once(claims, messages)
                self._parked_in_a_row = 0
                return None
            except Unavailable as error:
                tries += 1
                logger.warning("batch.waits", group=self._group, error=error.message)
                await asyncio.sleep(delay)
                delay = min(delay * 2, LAST_RETRY_SECONDS)
                if tries >= TRIES_BEFORE_HALVING and len(messages) > 1:
                    return await self._persist_halves(claims, messages, delay)
            except Fenced:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, one message must not block the rest
                if len(messages) == 1:
                    return await self._park(claims, messages[0], error)
                return await self._persist_halves(claims, messages)

    async def _persist_halves(
        self, claims: Claims, messages: Sequence[Message], delay: float = FIRST_RETRY_SECONDS
    ) -> None:
        half = len(messages) // 2
        await self._persist(claims, messages[:half], delay)
        await self._persist(claims, messages[half:])

    async def _once(self, claims: Claims, messages: Sequence[Message]) -> None:
        started = time.perf_counter()
        async with self._database.unit() as connection:
            await claims.advance(connection, messages)
            summary = await self._apply(connection, messages)
        seconds = time.perf_counter() - started
        self._committed()
        if self._applied is not None:
            self._applied(summary)
        BATCH_SECONDS.labels(self._group).observe(seconds)
        MESSAGES.labels(self._group, "applied").inc(len(messages))
        logger.info(
            "batch.applied",
            group=self._group,
            messages=len(messages),
            milliseconds=round(seconds * 1000, 1),
            **summary,
        )

    async def _park(self, claims: Claims, message: Message, error: Exception) -> None:
        self._parked_in_a_row += 1
        if self._parked_in_a_row > MAX_PARKED_IN_A_ROW:
            raise error
        letter = dead_letter(message, error, refused_by=self._group, at=self._clock.now())
        async with self._database.unit() as connection:
            await claims.advance(connection, [message])
            await outbox.put(connection, [Record(DEAD_LETTERS, letter.id, encode(letter))])
        self._committed()
        MESSAGES.labels(self._group, "parked").inc()
        logger.error("message.parked", group=self._group, dead_letter=letter.id, error=repr(error))


def dead_letter(message: Message, error: Exception, *, refused_by: str, at: datetime) -> DeadLetter:
    """Describe a message that cannot be handled; the same message gives the same id."""
    partition = message.partition
    place = f"{partition.topic}/{partition.number}/{message.offset}"
    poison = error if isinstance(error, Poison) else None
    return DeadLetter(
        id=derived_id("dead", refused_by, place),
        code=poison.code if poison else "unhandled",
        message=poison.message if poison else repr(error)[:500],
        payload=message.value.decode(errors="backslashreplace"),
        refused_at=at,
        refused_by=refused_by,
        source=place,
    )
