"""Opens the adapters that sit the exam, by URL so that a child process can too, and reads them."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from shared.database.positions import Claims
from shared.events import TOPICS
from shared.log import embedded_file, embedded_tail, kafka
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.log.port import Consumer, Message, Record
from tests.support.patience import patience


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


async def read(consumer: Consumer, count: int) -> list[Message]:
    got: list[Message] = []
    async with patience():
        while len(got) < count:
            got += await consumer.poll(0.5)
    return got


applied = sa.Table(
    "applied_in_exam",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)


def written_down(connection: sa.Connection, claims: Claims, messages: Sequence[Message]) -> None:
    """Write the messages into a table, in their order, and move on."""
    claims.advance(connection, messages)
    connection.execute(sa.insert(applied), [{"text": text} for text in texts(messages)])


def in_small_parts() -> None:
    """Let the readers of this process get a few records at a time, and nothing from memory."""
    embedded_file.MAX_POLL_RECORDS = 7
    embedded_tail.MAX_RECORDS = 0
    # A broker gives at least one batch, which is what one append makes.
    kafka.PARTITION_FETCH_BYTES = kafka.FETCH_BYTES = 1
