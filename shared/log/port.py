"""What a log promises, with either adapter; `tests/contract/test_log.py` tests both.

- `append` returns once the records are durable, or raises `Unavailable`; after that error a record may
  or may not be on the log, so a caller that repeats it uses the same event id.
- Records with one key are read in the order in which they were appended.
- Each group reads every record, independently of other groups, from the position that it stored itself.
- Within a group a partition has one reader at a time; when that reader dies another takes over.
- A reader refuses a log that does not continue what its group has read (`continuity`): it raises LogChanged.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol
from zlib import crc32


class Record(NamedTuple):
    """What is appended: records of one topic and one key keep their order."""

    topic: str
    key: str
    value: bytes


class Partition(NamedTuple):
    """One ordered part of a topic."""

    topic: str
    number: int


class Message(NamedTuple):
    """A record where it lies on the log."""

    partition: Partition
    offset: int
    value: bytes


class Position(NamedTuple):
    """A group's position in a partition.

    `log_id` names the log that the offset belongs to, `last_checksum` is the CRC-32 of the value before it;
    both are None in a position of an earlier version.
    """

    next_offset: int
    log_id: str | None = None
    last_checksum: int | None = None


class Extent(NamedTuple):
    """What a log has of a partition: offsets from `begin` up to and without `end`."""

    log_id: str
    begin: int
    end: int


class Backlog(NamedTuple):
    """How far a reader is behind in a partition.

    `position` is the offset to apply next, `end` the offset that the next record gets, `records` how many lie
    between them, `oldest_seconds` the age of the first of these.
    """

    position: int
    end: int
    records: int
    oldest_seconds: float


class Positions(Protocol):
    """A group's positions, stored by the group itself beside the effects of what it read."""

    async def stored(self, partition: Partition) -> Position | None:
        """Return the group's position; None when it has never read the partition."""
        ...

    async def claim(self, partition: Partition, log_id: str) -> int:
        """Become the partition's only writer and return the offset to read next."""
        ...

    def release(self, partition: Partition) -> None:
        """Forget a claim, because the partition was taken away; never raises."""
        ...


class Consumer(Protocol):
    """One reader of a topic in a group."""

    async def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """Return what has come since the last poll, in order per partition; empty after the timeout.

        Only messages of partitions that are claimed at this moment are returned.
        """
        ...

    async def acknowledge(self, next_offsets: Mapping[Partition, int]) -> None:
        """Report the group's position to the log, as a hint for its operators; never raises."""
        ...

    def stand_down(self) -> None:
        """Give up every claim after being fenced; claim anew only what the group gives us from now on."""
        ...

    async def backlog(self) -> Mapping[Partition, Backlog]:
        """Return how far the claimed partitions are behind; raises Unavailable when the log cannot say."""
        ...


class Log(Protocol):
    """An append-only log of topics."""

    async def append(self, records: Sequence[Record]) -> None:
        """Make the records durable; raises Unavailable when that cannot be done now."""
        ...

    def consume(self, topic: str, group: str, positions: Positions) -> AbstractAsyncContextManager[Consumer]:
        """Join the group of readers of a topic for as long as the context is open."""
        ...

    def replay(self, topic: str) -> AsyncGenerator[Sequence[Message]]:
        """Read a topic from its beginning to its present end, outside of any group; changes nothing.

        Messages come in order per partition. Raises Unavailable when the log is down.
        """
        ...

    async def ping(self) -> None:
        """Raise Unavailable when the log could not take a record now."""
        ...


def partition_of(key: str, partitions: int) -> int:
    """Return a key's partition; every producer must choose the same, or a key loses its order."""
    return crc32(key.encode()) % partitions
