"""Opens the adapters that sit the exam, by URL so that a child process can too, and reads them."""

from collections.abc import Sequence
from pathlib import Path

from shared.events import TOPICS
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.log.port import Consumer, Message, Record
from tests.patience import patience


def open_log(url: str) -> EmbeddedLog | KafkaLog:
    """`embedded:PATH` or `kafka:HOST:PORT/PREFIX`."""
    kind, _, rest = url.partition(":")
    if kind == "embedded":
        return EmbeddedLog(Path(rest))
    bootstrap, _, prefix = rest.partition("/")
    return KafkaLog(bootstrap, topics=TOPICS, partitions=3, prefix=prefix, session_timeout_seconds=2)


def records(*values: str, key: str = "ana") -> list[Record]:
    return [Record("interactions", key, value.encode()) for value in values]


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.value.decode() for message in messages]


async def read(consumer: Consumer, wanted: int) -> list[Message]:
    got: list[Message] = []
    async with patience():
        while len(got) < wanted:
            got += await consumer.poll(0.5)
    return got
