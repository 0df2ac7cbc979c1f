"""What Kafka itself reports: the members of a group, and the records of a topic."""

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.events import Event, decode
from tests.support.patience import eventually


class Broker:
    """The broker and the topics that the settings of a Flipline name."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.address = settings["FLIPLINE_LOG"].removeprefix("kafka://")
        self.prefix = settings["FLIPLINE_KAFKA_TOPIC_PREFIX"]

    async def events(self, topic: str) -> list[Event]:
        """Return all events of a topic, those of one partition in their order."""
        name = self.prefix + topic
        events: list[Event] = []
        async with AIOKafkaConsumer(
            name, bootstrap_servers=self.address, auto_offset_reset="earliest"
        ) as consumer:
            partitions = [
                TopicPartition(name, number) for number in consumer.partitions_for_topic(name) or ()
            ]
            ends = await consumer.end_offsets(partitions)
            while any([await consumer.position(partition) < end for partition, end in ends.items()]):
                fetched = await consumer.getmany(timeout_ms=1_000)
                values = [record.value for records in fetched.values() for record in records]
                events += [decode(value) for value in values if value is not None]
        return events

    async def shared_by(self, members: int, group: str) -> None:
        """Wait until the group has `members` members and they have shared out the partitions."""
        await eventually(lambda: self._members(group), lambda agreed: agreed == members)

    async def _members(self, group: str) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        try:
            await admin.start()
            answers: list[Any] = await admin.describe_consumer_groups([self.prefix + group])
            (answer,) = answers
        finally:
            await admin.close()
        ((_error, _group, state, _type, _protocol, members, *_),) = answer.groups
        return len(members) if state == "Stable" else 0
