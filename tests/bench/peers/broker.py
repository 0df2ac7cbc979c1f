"""Questions to the broker about a Kafka Streams application: its progress, and its leads."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.events import INTERACTIONS
from tests.bench.arena import Wrong
from tests.bench.watching import Look

_PARTITIONS = 6
_LEADS_SECONDS = 60
_SURPLUS_MILLISECONDS = 1_000


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncGenerator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def committed(bootstrap: str, group: str) -> AsyncGenerator[Look]:
    """Give a function that returns how many events of all partitions the group has committed."""
    async with _admin(bootstrap) as admin:

        async def look() -> int:
            try:
                offsets = await admin.list_consumer_group_offsets(group)
            except GroupCoordinatorNotAvailableError:
                # The answer of a broker that has had no group yet.
                return 0
            return sum(
                max(0, position.offset)
                for partition, position in offsets.items()
                if partition.topic == INTERACTIONS
            )

        yield look


async def make_topic(bootstrap: str, name: str) -> None:
    """Make a topic with as many partitions as the events have."""
    async with _admin(bootstrap) as admin:
        await admin.create_topics([NewTopic(name, _PARTITIONS, 1)])


async def remove_topics(bootstrap: str, prefix: str) -> None:
    """Remove the topics with this prefix, so that the broker has no work with them in later rounds."""
    async with _admin(bootstrap) as admin:
        prefixed = [name for name in await admin.list_topics() if name.startswith(prefix)]
        await admin.delete_topics(prefixed)


async def check_leads(bootstrap: str, topic: str, flipped: frozenset[str]) -> None:
    """Raise Wrong unless each profile that flipped is one lead on the topic, with reasons for its score."""
    found: list[bytes] = []
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        try:
            async with asyncio.timeout(_LEADS_SECONDS):
                while len(found) < len(flipped):
                    found += await _values(consumer, timeout_ms=200)
        except TimeoutError as error:
            raise Wrong(f"{topic} has {len(found):,} of {len(flipped):,} leads") from error
        found += await _values(consumer, timeout_ms=_SURPLUS_MILLISECONDS)
    check_values(topic, found, flipped)


async def _values(consumer: AIOKafkaConsumer, *, timeout_ms: int) -> list[bytes]:
    fetched = await consumer.getmany(timeout_ms=timeout_ms)
    return [record.value or b"" for records in fetched.values() for record in records]


def check_values(topic: str, found: Iterable[bytes], flipped: frozenset[str]) -> None:
    """Raise Wrong unless the values of the topic are the leads of the profiles, each once."""
    leads = [json.loads(value) for value in found]
    names = [lead["profile"] for lead in leads]
    if sorted(names) != sorted(flipped):
        raise Wrong(f"{topic} tells of {len(names):,} leads, and {len(flipped):,} profiles have flipped")
    for lead in leads:
        points = sum(reason["points"] for reason in lead["reasons"])
        if points != lead["score"] or points < lead["flip_number"]:
            raise Wrong(f"the reasons of a lead on {topic} give {points}, and its score is {lead['score']}")
