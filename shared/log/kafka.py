"""The log on Apache Kafka: the port of `shared/log/port.py`, implemented with aiokafka.

aiokafka's defaults lose data (acks=1, auto-commit, `latest`), so each is set here on purpose. It cannot
fence a zombie with Kafka transactions, so the positions are in the database, and the offsets that we commit
to Kafka are a hint for operators' tools.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.log.grouping import GroupCommit
from shared.log.kafka_consumer import KafkaConsumer, RebalanceListener
from shared.log.kafka_producer import APPEND_TIMEOUT_SECONDS, Producer, unavailable
from shared.log.kafka_replay import replay
from shared.log.kafka_topics import TopicsRead
from shared.log.port import Message, Positions, Record, partition_of

# The client asks for more as soon as it has handed out what it has, and so fetches while a batch is applied.
# It keeps this much of each partition; an answer brings at most as much of all partitions together.
PARTITION_FETCH_BYTES = 2 * 1024 * 1024
FETCH_BYTES = 8 * 1024 * 1024
# A broker waits this long for a record. What comes meanwhile on a partition that the request does not name
# waits too, and so do partitions that the client learns of.
FETCH_WAIT_MS = 100
MAX_GROUP_RECORDS = 5_000
MAX_WAITING_RECORDS = 50_000


async def _none_read() -> frozenset[str]:
    return frozenset()


class KafkaLog:
    """A log on Kafka, with topics of `partitions` partitions whose records are kept for ever.

    `topics_read` returns the topics from which events were read: if one of them is missing, it was deleted,
    and it is not created again.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        topics: Sequence[str],
        partitions: int = 6,
        prefix: str = "",
        session_timeout_seconds: float = 10.0,
        topics_read: TopicsRead = _none_read,
    ) -> None:
        self._bootstrap = bootstrap
        self._prefix = prefix
        self._session_timeout_seconds = session_timeout_seconds
        self._producer = Producer(
            bootstrap, topics=topics, partitions=partitions, prefix=prefix, topics_read=topics_read
        )
        self._groups: dict[tuple[str, int], GroupCommit] = {}

    async def append(self, records: Sequence[Record]) -> None:
        """Write the records with acks=all; raises Unavailable when one may not have been written."""
        if not records:
            return
        await self._producer.started()
        by_partition: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            number = partition_of(record.key, self._producer.topics[record.topic].partitions)
            by_partition.setdefault((record.topic, number), []).append(record)
        if len(by_partition) == 1:
            ((partition, group),) = by_partition.items()
            await self._committer(partition).append(group)
            return
        results = await asyncio.gather(
            *(self._committer(partition).append(group) for partition, group in by_partition.items()),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _committer(self, partition: tuple[str, int]) -> GroupCommit:
        committer = self._groups.get(partition)
        if committer is None:
            committer = self._groups[partition] = GroupCommit(
                partial(self._write, partition),
                max_group=MAX_GROUP_RECORDS,
                max_waiting=MAX_WAITING_RECORDS,
            )
        return committer

    async def _write(self, partition: tuple[str, int], records: Sequence[Record]) -> None:
        producer = await self._producer.started()
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                await self._send(producer, partition, records)
        except (KafkaError, TimeoutError) as error:
            self._producer.discard(producer)
            raise unavailable("Kafka did not accept the events", error) from error

    async def _send(
        self, producer: AIOKafkaProducer, partition: tuple[str, int], records: Sequence[Record]
    ) -> None:
        topic, number = partition
        sent: list[asyncio.Future[object]] = []
        batch = producer.create_batch()
        for record in records:
            key = record.key.encode()
            if batch.append(timestamp=None, key=key, value=record.value) is None:
                sent.append(await producer.send_batch(batch, self._prefix + topic, partition=number))
                batch = producer.create_batch()
                if batch.append(timestamp=None, key=key, value=record.value) is None:
                    raise Unavailable("log_unavailable", "A record is larger than a Kafka batch.")
        sent.append(await producer.send_batch(batch, self._prefix + topic, partition=number))
        for future in sent:
            await future

    @asynccontextmanager
    async def consume(self, topic: str, group: str, positions: Positions) -> AsyncGenerator[KafkaConsumer]:
        """Join a consumer group; Kafka shares the partitions out among its members."""
        await self._producer.started()
        session_ms = int(self._session_timeout_seconds * 1000)
        inner = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._prefix + group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 3,
        )
        consumer = KafkaConsumer(
            inner,
            topic,
            self._prefix + topic,
            positions,
            topic_id=partial(self._producer.topic_id, topic),
            stale_after_seconds=2 * self._session_timeout_seconds,
        )
        inner.subscribe([self._prefix + topic], listener=RebalanceListener(consumer))
        try:
            await inner.start()
            yield consumer
        except (KafkaError, OSError) as error:
            raise unavailable("Reading Kafka failed", error) from error
        finally:
            await consumer.close()

    def replay(self, topic: str) -> AsyncGenerator[Sequence[Message]]:
        """Read all that a topic has now, without a group."""
        return replay(self._bootstrap, topic, self._prefix + topic)

    async def ping(self) -> None:
        """Write a record to a topic of its own; raises Unavailable when a record could be refused now."""
        await self._producer.prove_writable()

    async def close(self) -> None:
        """Finish the writes under way and disconnect from the brokers."""
        await asyncio.gather(*(group.close() for group in self._groups.values()))
        await self._producer.close()
