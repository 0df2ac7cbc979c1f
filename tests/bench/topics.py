"""Write records to a topic and count its records, through aiokafka alone."""

from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.events import TOPICS
from shared.log.kafka import KafkaLog
from shared.log.kafka_producer import MAX_BATCH_BYTES
from shared.log.port import Record, partition_of


async def make_topics(bootstrap: str, *, prefix: str = "") -> None:
    """Make the topics as the services would."""
    log = KafkaLog(bootstrap, topics=TOPICS, prefix=prefix)
    try:
        await log.ping()
    finally:
        await log.close()


async def produce(bootstrap: str, records: Iterable[Record], report: Callable[[int], None]) -> int:
    """Write the records in full batches and return how many there were."""
    count = 0
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=MAX_BATCH_BYTES
    ) as producer:
        partitions: dict[str, int] = {}
        pending: dict[tuple[str, int], list[Record]] = {}
        for record in records:
            if record.topic not in partitions:
                partitions[record.topic] = len(await producer.partitions_for(record.topic))
            target = record.topic, partition_of(record.key, partitions[record.topic])
            pending.setdefault(target, []).append(record)
            count += 1
            if len(pending[target]) >= 1_000:
                await _send(producer, target, pending.pop(target))
            if count % 20_000 == 0:
                report(count)
        for target, rest in pending.items():
            await _send(producer, target, rest)
    return count


async def _send(producer: AIOKafkaProducer, target: tuple[str, int], records: list[Record]) -> None:
    batch = producer.create_batch()
    for record in records:
        assert batch.append(timestamp=None, key=record.key.encode(), value=record.value) is not None
    sent = await producer.send_batch(batch, target[0], partition=target[1])
    await sent


async def end_of(bootstrap: str, topic: str) -> int:
    """Return how many records a topic has, all partitions together."""
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap) as consumer:
        numbers = consumer.partitions_for_topic(topic) or set()
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in numbers])
    return sum(ends.values())
