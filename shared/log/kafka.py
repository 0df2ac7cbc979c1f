"""The log on Apache Kafka; the only module that knows aiokafka.

aiokafka's defaults lose data (acks=1, auto-commit, `latest`), so each is set here on purpose. It cannot
fence a zombie with Kafka transactions, hence the positions live in the database and the offsets that we
commit to Kafka are a hint for operators' tools. An idempotent producer that failed once may fail for ever,
so a failed producer is thrown away and a new one started.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.errors import Unavailable
from shared.log.grouping import GroupCommit
from shared.log.kafka_consumer import KafkaConsumer, RebalanceListener, replay
from shared.log.port import Message, Positions, Record, partition_of

logger = structlog.get_logger(__name__)

# One batch per partition is under way at a time, so its size bounds the throughput of a partition.
MAX_BATCH_BYTES = 1_000_000
MAX_GROUP_RECORDS = 5_000
MAX_WAITING_RECORDS = 50_000
# An idempotent batch never expires by itself; after this long its fate is unknown and the caller repeats it.
APPEND_TIMEOUT_SECONDS = 10.0
START_TIMEOUT_SECONDS = 10.0
START_AGAIN_SECONDS = 2.0
# With acks=all a record outlives two of its brokers; a smaller cluster keeps as many copies as it can.
REPLICAS = 3


class KafkaLog:
    """A log on Kafka, with topics of `partitions` partitions kept for ever."""

    def __init__(
        self,
        bootstrap: str,
        *,
        topics: Sequence[str],
        partitions: int = 6,
        prefix: str = "",
        session_timeout_seconds: float = 10.0,
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._partitions = partitions
        self._prefix = prefix
        self._session_timeout_seconds = session_timeout_seconds
        self._producer: AIOKafkaProducer | None = None
        self._partition_counts: dict[str, int] = {}
        self._starting = asyncio.Lock()
        self._start_failed: tuple[float, Unavailable] | None = None
        self._groups: dict[tuple[str, int], GroupCommit] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def append(self, records: Sequence[Record]) -> None:
        """Write the records with acks=all; raises Unavailable when one may not have been written."""
        if not records:
            return
        await self._started()
        by_partition: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            number = partition_of(record.key, self._partition_counts[record.topic])
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
        producer = await self._started()
        try:
            async with asyncio.timeout(APPEND_TIMEOUT_SECONDS):
                await self._send(producer, partition, records)
        except (KafkaError, TimeoutError) as error:
            self._discard(producer)
            raise Unavailable("log_unavailable", f"Kafka did not take the events: {error!r}") from error

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

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            if self._producer is None:
                # Those who waited for a start that failed must not each try another, one after the other.
                if self._start_failed and self._now() < self._start_failed[0] + START_AGAIN_SECONDS:
                    raise self._start_failed[1]
                try:
                    self._producer = await self._start()
                except Unavailable as error:
                    self._start_failed = self._now(), error
                    raise
        return self._producer

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _start(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=MAX_BATCH_BYTES,
            request_timeout_ms=int(APPEND_TIMEOUT_SECONDS * 1000),
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await self._ensure_topics()
                await producer.start()
                for topic in self._topics:
                    found = await producer.partitions_for(self._prefix + topic)
                    self._partition_counts[topic] = len(found)
        except (KafkaError, OSError, TimeoutError) as error:
            self._stop_later(producer)
            raise Unavailable(
                "log_unavailable", f"Kafka at {self._bootstrap} does not answer: {error!r}"
            ) from error
        return producer

    async def _ensure_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        try:
            await admin.start()
            brokers = len((await admin.describe_cluster())["brokers"])
            topics = [
                NewTopic(
                    self._prefix + topic,
                    self._partitions,
                    min(REPLICAS, brokers),
                    topic_configs={"retention.ms": "-1", "retention.bytes": "-1"},
                )
                for topic in self._topics
            ]
            # That a topic exists already is told in the answer, not raised.
            answer: Any = await admin.create_topics(topics)
            for name, code, *message in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(f"topic {name}: {message}")
        finally:
            with suppress(KafkaError):
                await admin.close()

    def _discard(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            self._stop_later(producer)

    def _stop_later(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(_stop(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @asynccontextmanager
    async def consume(self, topic: str, group: str, positions: Positions) -> AsyncGenerator[KafkaConsumer]:
        """Join a consumer group; Kafka shares the partitions out among its members."""
        await self._started()
        session_ms = int(self._session_timeout_seconds * 1000)
        inner = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._prefix + group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 3,
        )
        consumer = KafkaConsumer(
            inner,
            topic,
            self._prefix + topic,
            positions,
            stale_after_seconds=2 * self._session_timeout_seconds,
        )
        inner.subscribe([self._prefix + topic], listener=RebalanceListener(consumer))
        try:
            await inner.start()
            yield consumer
        except (KafkaError, OSError) as error:
            raise Unavailable("log_unavailable", f"Reading Kafka failed: {error!r}") from error
        finally:
            await consumer.close()

    def replay(self, topic: str) -> AsyncGenerator[Sequence[Message]]:
        """Read all that a topic has now, without a group."""
        return replay(self._bootstrap, topic, self._prefix + topic)

    async def ping(self) -> None:
        """Raise Unavailable when the brokers do not answer."""
        producer = await self._started()
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                await producer.client.fetch_all_metadata()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable("log_unavailable", f"Kafka does not answer: {error!r}") from error

    async def close(self) -> None:
        """Finish the writes under way and leave the brokers."""
        await asyncio.gather(*(group.close() for group in self._groups.values()))
        if self._producer is not None:
            await _stop(self._producer)
        await asyncio.gather(*self._closing)


async def _stop(producer: AIOKafkaProducer) -> None:
    # stop() flushes first, which with a broker that is gone would wait for ever.
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(5):
            await producer.stop()
