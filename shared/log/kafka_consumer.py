"""One member of a Kafka consumer group, with its claims kept in step with the group's rebalances.

And `replay`, which reads a topic as nobody's member.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.errors import Unavailable
from shared.log.port import Message, Partition, Positions

# A rebalance ends inside aiokafka's own task; looking up from `getmany` this often notices it.
SLICE_SECONDS = 0.2
HINT_EVERY_SECONDS = 1.0
# A broker that is gone is told by nothing coming any more.
MAX_SILENCE_SECONDS = 30.0


class KafkaConsumer:
    """Reads what the group assigned to it and its claims allow.

    aiokafka takes partitions away in a task of its own, whatever we are doing. So a partition is read only
    between a claim that followed its assignment and its revocation, and the claim's epoch, not this
    object, decides whether a batch may still be written.
    """

    def __init__(
        self,
        inner: AIOKafkaConsumer,
        topic: str,
        kafka_name: str,
        positions: Positions,
        *,
        stale_after_seconds: float,
    ) -> None:
        self._inner = inner
        self._topic = topic
        self._kafka_name = kafka_name
        self._positions = positions
        self._stale_after_seconds = stale_after_seconds
        self._assigned: set[TopicPartition] = set()
        self._claimed: set[TopicPartition] = set()
        self._hints: dict[TopicPartition, int] = {}
        self._hinted_at = 0.0
        self._stood_down_at: float | None = None
        self._assignments = 0
        self._polled_under = 0

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Note what the group gave us; the next poll claims it."""
        self._assigned = set(partitions)
        self._assignments += 1
        self._stood_down_at = None

    def revoked(self) -> None:
        """Forget all claims: in this protocol a rebalance takes every partition away first."""
        self._assigned = set()
        self._release()

    def stand_down(self) -> None:
        """Stop reading until the next rebalance: somebody else owns these partitions already."""
        if self._assignments != self._polled_under:
            # What was fenced came from before a rebalance; what the group has given us since is ours.
            return
        self._assigned = set()
        self._release()
        self._stood_down_at = self._stood_down_at or asyncio.get_running_loop().time()

    def _release(self) -> None:
        for partition in self._claimed:
            self._positions.release(self._ours(partition))
        self._claimed = set()
        self._hints = {}

    async def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """Return new messages of claimed partitions, at most a fetch (1 MiB) from each."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            self._fail_when_stale(loop.time())
            await self._claim_assigned()
            await self._hint(loop.time())
            left = deadline - loop.time()
            fetched = await self._inner.getmany(timeout_ms=int(max(0.0, min(left, SLICE_SECONDS)) * 1000))
            self._polled_under = self._assignments
            messages = [
                Message(self._ours(partition), record.offset, record.value or b"")
                for partition, records in fetched.items()
                if partition in self._claimed
                for record in records
            ]
            if messages or left <= SLICE_SECONDS:
                return messages

    def _fail_when_stale(self, now: float) -> None:
        if self._stood_down_at and now - self._stood_down_at > self._stale_after_seconds:
            raise Unavailable("log_membership_stale", "Fenced, and no rebalance followed: joining anew.")

    async def _claim_assigned(self) -> None:
        for partition in sorted(self._assigned - self._claimed):
            offset = await self._positions.claim(self._ours(partition))
            if partition not in self._assigned:
                self._positions.release(self._ours(partition))
                return
            self._inner.seek(partition, offset)
            self._claimed.add(partition)

    async def acknowledge(self, next_offsets: Mapping[Partition, int]) -> None:
        """Keep the offsets; they are committed to Kafka about once a second."""
        for partition, offset in next_offsets.items():
            topic_partition = self._theirs(partition)
            if topic_partition in self._claimed:
                self._hints[topic_partition] = offset

    async def _hint(self, now: float) -> None:
        if self._hints and now - self._hinted_at >= HINT_EVERY_SECONDS:
            self._hinted_at = now
            hints, self._hints = self._hints, {}
            with suppress(KafkaError, IllegalStateError):
                await self._inner.commit(hints)

    async def lag(self) -> int:
        """Return how many records of the claimed partitions are not read yet."""
        total = 0
        for partition in sorted(self._claimed):
            with suppress(KafkaError, IllegalStateError):
                end = self._inner.highwater(partition)
                if end is not None:
                    total += max(0, end - await self._inner.position(partition))
        return total

    async def close(self) -> None:
        """Leave the group, so that others need not wait for the session timeout."""
        self._hinted_at = 0.0
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(5):
                await self._hint(asyncio.get_running_loop().time() + HINT_EVERY_SECONDS)
                await self._inner.stop()

    def _ours(self, partition: TopicPartition) -> Partition:
        return Partition(self._topic, partition.partition)

    def _theirs(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._kafka_name, partition.number)


class RebalanceListener(ConsumerRebalanceListener):
    """Passes the group's decisions on; does nothing that could fail, since aiokafka hides what is raised."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(  # pyright: ignore[reportIncompatibleMethodOverride] - may be async
        self,
        revoked: Iterable[TopicPartition],  # noqa: ARG002 - in this protocol it is always all of them
    ) -> None:
        """Stop before the partitions are given away."""
        self._consumer.revoked()

    async def on_partitions_assigned(  # pyright: ignore[reportIncompatibleMethodOverride] - may be async
        self, assigned: Iterable[TopicPartition]
    ) -> None:
        """Start with what is ours now."""
        self._consumer.assigned(assigned)


async def replay(bootstrap: str, topic: str, kafka_name: str) -> AsyncGenerator[Sequence[Message]]:
    """Read all that a topic has now; raises Unavailable when Kafka is away."""
    inner = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        await inner.start()
        # To subscribe to a topic that is not there would make it.
        if kafka_name not in await inner.topics():
            return
        inner.subscribe([kafka_name])
        async with asyncio.timeout(MAX_SILENCE_SECONDS):
            while not inner.assignment():
                await inner.getmany(timeout_ms=int(SLICE_SECONDS * 1000))
        partitions = sorted(inner.assignment())
        ends = await inner.end_offsets(partitions)
        await inner.seek_to_beginning()
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            behind = {
                partition for partition in partitions if await inner.position(partition) < ends[partition]
            }
            if not behind:
                return
            inner.pause(*(set(partitions) - behind))
            fetched = await inner.getmany(timeout_ms=int(SLICE_SECONDS * 1000))
            if fetched:
                yield [
                    Message(Partition(topic, partition.partition), record.offset, record.value or b"")
                    for partition, records in fetched.items()
                    for record in records
                    if record.offset < ends[partition]
                ]
                heard_at = loop.time()
            elif loop.time() - heard_at > MAX_SILENCE_SECONDS:
                raise Unavailable("log_unavailable", f"Kafka at {bootstrap} sends nothing any more.")
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable("log_unavailable", f"Reading Kafka at {bootstrap} failed: {error!r}") from error
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(5):
                await inner.stop()
