"""The producer of a process: started when needed and discarded after a failure; it knows its topics.

An idempotent producer that failed once may fail for ever, so it is discarded and a new one started.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.errors import LogChanged, Unavailable
from shared.log.kafka_topics import PROBES, Topic, TopicsRead, describe, make_missing

# One batch per partition is under way at a time, so its size bounds the throughput of a partition.
MAX_BATCH_BYTES = 1_000_000
# An idempotent batch never expires by itself; after this long its fate is unknown and the caller repeats it.
APPEND_TIMEOUT_SECONDS = 10.0
START_TIMEOUT_SECONDS = 10.0
START_AGAIN_SECONDS = 2.0
STOP_TIMEOUT_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.05
# Anybody may ask for readiness, and each check costs a write of the cluster.
PROOF_LASTS_SECONDS = 1.0


class Producer:
    """One producer at a time for the topics of a log.

    `topics_read` returns the topics from which events were read; these are never created again.
    """

    def __init__(
        self, bootstrap: str, *, topics: Sequence[str], partitions: int, prefix: str, topics_read: TopicsRead
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._partitions = partitions
        self._prefix = prefix
        self._topics_read = topics_read
        self._inner: AIOKafkaProducer | None = None
        self._described_topics: Mapping[str, Topic] = {}
        self._starting = asyncio.Lock()
        self._start_failed: tuple[float, Unavailable] | None = None
        self._proving = asyncio.Lock()
        self._proven_at = float("-inf")
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def topics(self) -> Mapping[str, Topic]:
        """The topics as they were when the producer started."""
        return self._described_topics

    async def started(self) -> AIOKafkaProducer:
        """Return the producer, started; raises Unavailable when the cluster does not answer."""
        if self._inner is not None:
            return self._inner
        async with self._starting:
            if self._inner is None:
                # Callers that waited for a failed start must not each try another start, one after the
                # other.
                if self._start_failed and _now() < self._start_failed[0] + START_AGAIN_SECONDS:
                    raise self._start_failed[1]
                try:
                    self._inner = await self._start()
                except Unavailable as error:
                    self._start_failed = _now(), error
                    raise
        return self._inner

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
                await make_missing(
                    self._bootstrap,
                    self._topics,
                    prefix=self._prefix,
                    partitions=self._partitions,
                    topics_read=self._topics_read,
                )
                await producer.start()
                described = await self._described_once_made(producer)
            self._check_same(described)
        except Unavailable:
            self._stop_later(producer)
            raise
        except (KafkaError, OSError, TimeoutError) as error:
            self._stop_later(producer)
            raise unavailable(f"Kafka at {self._bootstrap} does not answer", error) from error
        self._described_topics = described
        return producer

    async def _described_once_made(self, producer: AIOKafkaProducer) -> dict[str, Topic]:
        """Describe the topics; brokers need a moment to learn about a new topic."""
        while True:
            try:
                return await self._described(producer)
            except Unavailable:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def topic_id(self, topic: str) -> str:
        """Return the id that the cluster has for a topic now."""
        producer = await self.started()
        try:
            return (await self._described(producer))[topic].id
        except (KafkaError, OSError) as error:
            raise unavailable("Kafka does not answer", error) from error

    async def prove_writable(self) -> None:
        """Write a record to a topic of its own, as an append would.

        Raises Unavailable when that fails or a partition has no leader, LogChanged when a topic is not the
        one that this process began with.
        """
        async with self._proving:
            if _now() - self._proven_at > PROOF_LASTS_SECONDS:
                await self._prove(await self.started())
                self._proven_at = _now()

    async def _prove(self, producer: AIOKafkaProducer) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                topics = await self._described(producer)
                await producer.send_and_wait(self._prefix + PROBES, b"", partition=0)
        except (KafkaError, OSError, TimeoutError) as error:
            self.discard(producer)
            raise unavailable("Kafka accepts no records now", error) from error
        self._check_same(topics)
        for name, topic in topics.items():
            if topic.leaderless:
                message = f"{topic.leaderless} partitions of topic {name} have no leader."
                raise Unavailable("log_unavailable", message)

    def _check_same(self, topics: Mapping[str, Topic]) -> None:
        for name, topic in topics.items():
            former = self._described_topics.get(name)
            if former and former.id != topic.id:
                raise LogChanged(
                    "log_changed",
                    f"Topic {name} was deleted and created again while this process used it. Stop all "
                    "processes; when they start again, each says what to do.",
                )

    async def _described(self, producer: AIOKafkaProducer) -> dict[str, Topic]:
        names = [self._prefix + topic for topic in self._topics]
        found = await describe(producer.client, names)
        missing = [name for name in names if name not in found]
        if missing:
            raise Unavailable("log_topics_missing", f"Kafka has no topic {', '.join(missing)}.")
        return {topic: found[self._prefix + topic] for topic in self._topics}

    def discard(self, producer: AIOKafkaProducer) -> None:
        """Discard a producer that failed; the next caller starts another."""
        if self._inner is producer:
            self._inner = None
            self._stop_later(producer)

    def _stop_later(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(_stop(producer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Disconnect from the brokers."""
        if self._inner is not None:
            await _stop(self._inner)
        await asyncio.gather(*self._closing)


def unavailable(problem: str, error: BaseException) -> Unavailable:
    """Return the error for something that Kafka cannot do now, without the library's message."""
    return Unavailable("log_unavailable", f"{problem} ({type(error).__name__}).")


async def _stop(producer: AIOKafkaProducer) -> None:
    # stop() flushes first, which would wait for ever for a broker that is down.
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_TIMEOUT_SECONDS):
            await producer.stop()


def _now() -> float:
    return asyncio.get_running_loop().time()
