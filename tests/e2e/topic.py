"""Reading a topic as it lies on Kafka, from its first record to its last."""

from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.events import Event, decode


async def events_on(topic: str, settings: Mapping[str, str]) -> list[Event]:
    """Return all events of a topic, those of one partition in their order."""
    name = settings["FLIPLINE_KAFKA_TOPIC_PREFIX"] + topic
    bootstrap = settings["FLIPLINE_LOG"].removeprefix("kafka://")
    events: list[Event] = []
    async with AIOKafkaConsumer(name, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()]
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            fetched = await consumer.getmany(timeout_ms=1_000)
            events += [decode(record.value) for records in fetched.values() for record in records]
    return events
