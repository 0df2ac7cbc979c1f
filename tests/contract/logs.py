"""Opens the adapters that sit the exam, by URL, so that a child process can open the same log."""

from pathlib import Path

from shared.events import TOPICS
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog


def open_log(url: str) -> EmbeddedLog | KafkaLog:
    """`embedded:PATH` or `kafka:HOST:PORT/PREFIX`."""
    kind, _, rest = url.partition(":")
    if kind == "embedded":
        return EmbeddedLog(Path(rest))
    bootstrap, _, prefix = rest.partition("/")
    return KafkaLog(bootstrap, topics=TOPICS, partitions=3, prefix=prefix, session_timeout_seconds=2)
