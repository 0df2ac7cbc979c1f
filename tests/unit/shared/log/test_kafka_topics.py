"""The requests of our clients to brokers about topics."""

import aiokafka.client

import shared.log.kafka_topics  # noqa: F401 - sets what the clients ask


def test_metadata_requests_do_not_create_topics() -> None:
    """A broker that may make topics would replace a deleted topic with an empty one."""
    request = aiokafka.client.MetadataRequest(["interactions"]).prepare({3: (0, 13)})
    assert request.to_object() == {"topics": ["interactions"], "allow_auto_topic_creation": False}
