"""The topics on Kafka: described with the ids that Kafka gave them, and created if they never existed.

A topic that was deleted and made again has the same name and another id. aiokafka has no version of the
metadata request that returns ids, so version 12 is declared here, after
https://kafka.apache.org/protocol.html#The_Messages_Metadata.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import Any, ClassVar, NamedTuple

import aiokafka.client
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.types import (
    AbstractType,
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from shared.errors import LogChanged

# aiokafka asks brokers to create every topic that it asks about, and has no option against that. A deleted
# topic would come back empty, with a retention that deletes events.
aiokafka.client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)

# With acks=all a record outlives two of its brokers; a smaller cluster keeps as many copies as it can.
REPLICAS = 3
# Readiness writes records to a topic of its own, to check that the cluster takes writes.
PROBES = "probes"
_FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}
_FOR_AN_HOUR = {"retention.ms": "3600000"}

TopicsRead = Callable[[], Awaitable[Collection[str]]]


# A request by name leaves the id empty.
_BY_NAME = "0" * 32


class Topic(NamedTuple):
    """A topic as the cluster describes it; its `leaderless` partitions take no writes now."""

    id: str
    partitions: int
    leaderless: int


class _Uuid(AbstractType[str]):
    """A UUID as 32 hexadecimal digits."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        return bytes.fromhex(value)

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        return data.read(16).hex()


class _MetadataResponse(Response):
    API_KEY = 3  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride] - as the library does
    API_VERSION = 12  # pyright: ignore[reportAssignmentType, reportIncompatibleMethodOverride]
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", CompactArray(Int32)),
                        ("isr_nodes", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _MetadataStruct(RequestStruct):
    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _TopicsRequest(Request[_MetadataStruct]):
    API_KEY = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        topics = [(_BY_NAME, name, {}) for name in self._names]
        return request_struct_class(topics, False, False, {})


async def describe(client: AIOKafkaClient, names: Sequence[str]) -> Mapping[str, Topic]:
    """Return those of the topics that the cluster has; raises KafkaError when no broker answers."""
    answer: Any = await client.send(client.get_random_node(), _TopicsRequest(names))
    return {
        topic["name"]: Topic(
            topic["topic_id"],
            len(topic["partitions"]),
            sum(partition["leader_id"] < 0 for partition in topic["partitions"]),
        )
        for topic in answer.to_object()["topics"]
        if topic["error_code"] == 0
    }


async def make_missing(
    bootstrap: str, topics: Sequence[str], *, prefix: str, partitions: int, topics_read: TopicsRead
) -> None:
    """Create the topics that the cluster does not have.

    Raises LogChanged for a topic from which events were read: it was deleted, and an empty topic would hide
    that. Raises KafkaError when the cluster refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        missing = [topic for topic in topics if prefix + topic not in existing]
        if missing:
            _refuse_deleted(sorted(set(missing) & set(await topics_read())))
        replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        new = [NewTopic(prefix + topic, partitions, replicas, topic_configs=_FOR_EVER) for topic in missing]
        if prefix + PROBES not in existing:
            new.append(NewTopic(prefix + PROBES, 1, replicas, topic_configs=_FOR_AN_HOUR))
        if new:
            await _make(admin, new)
    finally:
        with suppress(KafkaError):
            await admin.close()


def _refuse_deleted(deleted: Sequence[str]) -> None:
    if deleted:
        raise LogChanged(
            "log_topic_deleted",
            f"Kafka no longer has the topic {', '.join(deleted)}, from which events were read. Restore it. "
            "If its events are lost for good, stop Flipline, run `flipline positions reread` and start it: "
            "the topic is then created again.",
        )


async def _make(admin: AIOKafkaAdminClient, new: list[NewTopic]) -> None:
    # The answer says that another process was faster; nothing is raised.
    answer: Any = await admin.create_topics(new)
    for name, code, *message in answer.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error(f"topic {name}: {message}")
