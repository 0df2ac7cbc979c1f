"""A member of a Kafka group through rebalances, with the broker's client played by hand."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from shared.errors import Unavailable
from shared.log.kafka_consumer import KafkaConsumer
from shared.log.port import Partition
from tests.support.patience import PATIENCE_SECONDS, a_moment

FIRST, SECOND = TopicPartition("interactions", 1), TopicPartition("interactions", 2)


class Client:
    """A stand-in for aiokafka: it gives the records that lie ready, and notes the positions that are set."""

    def __init__(self) -> None:
        self.ready: dict[TopicPartition, list[Any]] = {}
        self.sought: dict[TopicPartition, int] = {}
        self.committed: dict[TopicPartition, int] = {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[partition] = offset

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        if not self.ready:
            await a_moment()
        ready, self.ready = self.ready, {}
        return ready

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed |= offsets

    async def stop(self) -> None:
        return None


class Claims:
    """Claims every partition at offset 5, and notes the claimed partitions."""

    def __init__(self) -> None:
        self.held: set[int] = set()

    async def stored(self, partition: Partition) -> None:
        return None

    async def claim(self, partition: Partition, log_id: str) -> int:
        self.held.add(partition.number)
        return 5

    def release(self, partition: Partition) -> None:
        self.held.discard(partition.number)


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def claims() -> Claims:
    return Claims()


@pytest.fixture
def consumer(client: Client, claims: Claims) -> KafkaConsumer:
    return consumer_of(client, claims, stale_after_seconds=PATIENCE_SECONDS)


def consumer_of(client: Client, claims: Claims, *, stale_after_seconds: float) -> KafkaConsumer:
    inner: Any = client

    async def topic_id() -> str:
        return "topic-1"

    return KafkaConsumer(
        inner,
        "interactions",
        "interactions",
        claims,
        topic_id=topic_id,
        stale_after_seconds=stale_after_seconds,
    )


def record(offset: int) -> Any:
    return SimpleNamespace(offset=offset, value=b"event", timestamp=0)


async def test_an_assigned_partition_is_claimed_before_it_is_read(
    client: Client, claims: Claims, consumer: KafkaConsumer
) -> None:
    consumer.assigned([FIRST])
    client.ready = {FIRST: [record(5)]}
    assert [message.offset for message in await consumer.poll(0)] == [5]
    assert (client.sought, claims.held) == ({FIRST: 5}, {1})


async def test_messages_of_unclaimed_partitions_are_not_returned(
    client: Client, consumer: KafkaConsumer
) -> None:
    consumer.assigned([FIRST])
    client.ready = {FIRST: [record(5)], SECOND: [record(9)]}
    assert {message.partition.number for message in await consumer.poll(0)} == {1}


async def test_a_rebalance_releases_all_claims_first(claims: Claims, consumer: KafkaConsumer) -> None:
    consumer.assigned([FIRST, SECOND])
    await consumer.poll(0)
    consumer.revoked()
    assert claims.held == set()
    consumer.assigned([SECOND])
    await consumer.poll(0)
    assert claims.held == {2}


async def test_a_fenced_consumer_reads_nothing_until_the_next_assignment(
    client: Client, claims: Claims, consumer: KafkaConsumer
) -> None:
    consumer.assigned([FIRST])
    await consumer.poll(0)
    consumer.stand_down()
    client.ready = {FIRST: [record(5)]}
    assert (await consumer.poll(0), claims.held) == ([], set())
    consumer.assigned([FIRST])
    client.ready = {FIRST: [record(5)]}
    assert len(await consumer.poll(0)) == 1


async def test_a_fence_from_before_a_rebalance_does_not_release_new_claims(
    claims: Claims, consumer: KafkaConsumer
) -> None:
    """The batch was read under the old assignment; when it is refused, the new assignment is made."""
    consumer.assigned([FIRST])
    await consumer.poll(0)
    consumer.revoked()
    consumer.assigned([SECOND])
    consumer.stand_down()
    await consumer.poll(0)
    assert claims.held == {2}


async def test_a_consumer_without_an_assignment_for_too_long_rejoins_the_group(
    client: Client, claims: Claims
) -> None:
    consumer = consumer_of(client, claims, stale_after_seconds=0)
    consumer.assigned([FIRST])
    await consumer.poll(0)
    consumer.stand_down()
    with pytest.raises(Unavailable, match="joins the group again"):
        await consumer.poll(PATIENCE_SECONDS)


async def test_offsets_are_committed_only_for_claimed_partitions(
    client: Client, consumer: KafkaConsumer
) -> None:
    consumer.assigned([FIRST])
    await consumer.poll(0)
    await consumer.acknowledge({Partition("interactions", 1): 8, Partition("interactions", 2): 3})
    await consumer.close()
    assert client.committed == {FIRST: 8}
