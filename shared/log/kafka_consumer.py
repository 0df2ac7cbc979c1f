"""One member of a Kafka consumer group, whose claims follow the group's rebalances."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from shared.errors import Unavailable
from shared.log.continuity import check_extent, check_last, has_last
from shared.log.kafka_producer import unavailable
from shared.log.port import Backlog, Extent, Message, Partition, Positions

# A rebalance ends inside aiokafka's own task; `getmany` returns this often so that we notice it.
SLICE_SECONDS = 0.2
HINT_EVERY_SECONDS = 1.0
# The time for reading one record; after that the partition may have been taken away, and we join the group
# anew.
CLAIM_SECONDS = 10.0


class KafkaConsumer:
    """Reads the partitions that the group assigned to it and that it has claimed.

    aiokafka takes partitions away in a task of its own, whatever we are doing. So a partition is read only
    between a claim that followed its assignment and its revocation, and the claim's epoch, not this object,
    decides whether a batch may still be written.
    """

    def __init__(
        self,
        inner: AIOKafkaConsumer,
        topic: str,
        kafka_name: str,
        positions: Positions,
        *,
        topic_id: Callable[[], Awaitable[str]],
        stale_after_seconds: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._topic_id = topic_id
        self._inner = inner
        self._topic = topic
        self._kafka_name = kafka_name
        self._positions = positions
        self._stale_after_seconds = stale_after_seconds
        self._assigned: set[TopicPartition] = set()
        self._claimed: set[TopicPartition] = set()
        self._hints: dict[TopicPartition, int] = {}
        self._hinted_at = 0.0
        self._wall_clock = wall_clock
        self._applied: dict[TopicPartition, int] = {}
        self._fetched: dict[TopicPartition, int] = {}
        self._oldest_fetched: dict[TopicPartition, float] = {}
        self._behind_since: dict[TopicPartition, float] = {}
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
        """Stop reading until the next rebalance: another worker owns these partitions already."""
        if self._assignments != self._polled_under:
            # The fenced claims are older than the last rebalance; partitions assigned since then are ours.
            return
        self._assigned = set()
        self._release()
        self._stood_down_at = self._stood_down_at or asyncio.get_running_loop().time()

    def _release(self) -> None:
        for partition in self._claimed:
            self._positions.release(self._ours(partition))
        self._claimed = set()
        self._hints = {}
        for noted in (self._applied, self._fetched, self._oldest_fetched, self._behind_since):
            noted.clear()

    async def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """Return new messages of claimed partitions, at most a fetch from each.

        While the caller applies them the client fetches the next messages. The client drops what it has
        fetched of a partition when the partition is taken away, and when it is claimed, since a claim seeks
        the position.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            self._fail_when_stale(loop.time())
            await self._claim_assigned()
            await self._hint(loop.time())
            remaining = deadline - loop.time()
            fetched = await self._inner.getmany(
                timeout_ms=int(max(0.0, min(remaining, SLICE_SECONDS)) * 1000)
            )
            self._polled_under = self._assignments
            ours = {
                partition: records for partition, records in fetched.items() if partition in self._claimed
            }
            for partition, records in ours.items():
                self._fetched[partition] = records[-1].offset + 1
                self._oldest_fetched.setdefault(partition, records[0].timestamp / 1000)
            messages = [
                Message(self._ours(partition), record.offset, record.value or b"")
                for partition, records in ours.items()
                for record in records
            ]
            if messages or remaining <= SLICE_SECONDS:
                return messages

    def _fail_when_stale(self, now: float) -> None:
        if self._stood_down_at and now - self._stood_down_at > self._stale_after_seconds:
            raise Unavailable(
                "log_membership_stale",
                "The worker is fenced, and no rebalance followed; it joins the group again.",
            )

    async def _claim_assigned(self) -> None:
        for partition in sorted(self._assigned - self._claimed):
            try:
                offset = await self._claim(partition)
                self._inner.seek(partition, offset)
            except IllegalStateError:
                # The partition was taken away meanwhile; the next poll claims what is ours now.
                return
            if partition not in self._assigned:
                self._positions.release(self._ours(partition))
                return
            self._applied[partition] = offset
            self._claimed.add(partition)

    async def _claim(self, partition: TopicPartition) -> int:
        ours = self._ours(partition)
        position = await self._positions.stored(ours)
        topic_id = await self._topic_id()
        if position is not None:
            begins = await self._inner.beginning_offsets([partition])
            ends = await self._inner.end_offsets([partition])
            extent = Extent(topic_id, begins[partition], ends[partition])
            check_extent(ours, position, extent)
            if has_last(position, extent) and partition in self._assigned:
                check_last(ours, position, await self._value_at(partition, position.next_offset - 1))
        return await self._positions.claim(ours, topic_id)

    async def _value_at(self, partition: TopicPartition, offset: int) -> bytes | None:
        """Return what lies at an offset, None when nothing does.

        Raises IllegalStateError when the partition is taken away meanwhile: then nothing is fetched from
        it.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CLAIM_SECONDS
        self._inner.seek(partition, offset)
        while loop.time() < deadline:
            fetched = await self._inner.getmany(
                partition, timeout_ms=int(SLICE_SECONDS * 1000), max_records=1
            )
            if partition not in self._assigned:
                raise IllegalStateError(partition)
            for record in fetched.get(partition, ()):
                return (record.value or b"") if record.offset == offset else None
        raise Unavailable("log_unavailable", "Kafka does not send the record before the position.")

    async def acknowledge(self, next_offsets: Mapping[Partition, int]) -> None:
        """Note the offsets; they are committed to Kafka about once a second."""
        for partition, offset in next_offsets.items():
            topic_partition = self._theirs(partition)
            if topic_partition in self._claimed:
                self._hints[topic_partition] = self._applied[topic_partition] = offset
                if offset >= self._fetched.get(topic_partition, 0):
                    self._oldest_fetched.pop(topic_partition, None)

    async def _hint(self, now: float) -> None:
        if self._hints and now - self._hinted_at >= HINT_EVERY_SECONDS:
            self._hinted_at = now
            hints, self._hints = self._hints, {}
            with suppress(KafkaError, IllegalStateError):
                await self._inner.commit(hints)

    async def backlog(self) -> Mapping[Partition, Backlog]:
        """Return how far the claimed partitions are behind the ends that the brokers report now.

        The age is that of the oldest record that was fetched and not applied; a record that was not fetched
        yet is as old as this consumer has known about it.
        """
        claimed = sorted(self._claimed)
        try:
            ends = await self._inner.end_offsets(claimed) if claimed else {}
        except (KafkaError, TimeoutError) as error:
            raise unavailable("Kafka does not report the ends of its partitions", error) from error
        now = self._wall_clock()
        behind: dict[Partition, Backlog] = {}
        for partition in claimed:
            end: int = ends[partition]
            position = self._applied.get(partition, end)
            records = max(0, end - position)
            if records:
                self._behind_since.setdefault(partition, now)
            else:
                self._behind_since.pop(partition, None)
            oldest = self._oldest_fetched.get(partition, self._behind_since.get(partition, now))
            age = max(0.0, now - oldest) if records else 0.0
            behind[self._ours(partition)] = Backlog(position, end, records, age)
        return behind

    async def close(self) -> None:
        """Leave the group, so that its other members need not wait for the session timeout."""
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
    """Passes the group's decisions on; does nothing that could fail, since aiokafka hides exceptions."""

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
