"""The position of each group on the log, committed together with the effects of what the group read.

Every claim raises the partition's epoch, and every batch first sets the position under its own epoch: a
worker that lost its partition without noticing changes no row, and the batch is rolled back. The update
also locks the row, so a zombie and the owner queue up instead of interleaving.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shared.database import quick
from shared.database.engine import Database
from shared.database.schema import Key, metadata
from shared.errors import Fenced
from shared.log.port import Message, Partition, Position

positions = sa.Table(
    "positions",
    metadata,
    sa.Column("consumer", Key, primary_key=True),
    sa.Column("topic", Key, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True),
    sa.Column("next_offset", sa.BigInteger, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("log_id", Key, comment="of the log that the offset belongs to; null before it was kept"),
    sa.Column("last_checksum", sa.BigInteger, comment="CRC-32 of the value at next_offset - 1"),
)


_ADVANCE: Final = (
    sa.update(positions)
    .where(
        positions.c.consumer == sa.bindparam("of_consumer"),
        positions.c.topic == sa.bindparam("of_topic"),
        positions.c.partition == sa.bindparam("of_partition"),
        positions.c.epoch == sa.bindparam("our_epoch"),
        positions.c.next_offset <= sa.bindparam("first"),
    )
    .values(next_offset=sa.bindparam("end"), last_checksum=sa.bindparam("checksum"))
)


class Claims:
    """One worker's claims on the partitions of a group."""

    def __init__(self, database: Database, group: str) -> None:
        self._database = database
        self._group = group
        self._epochs: dict[Partition, int] = {}

    async def stored(self, partition: Partition) -> Position | None:
        """Return the group's position in a partition; None when there is none."""
        query = sa.select(positions.c.next_offset, positions.c.log_id, positions.c.last_checksum)
        statement = query.where(*_at(self._group, partition))
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none())
        return None if row is None else Position(*row)

    async def claim(self, partition: Partition, log_id: str) -> int:
        """Take the partition over from its previous owner and return the offset to read next.

        `log_id` is the log that the offset belongs to from now on; the caller has checked that this log
        continues what the group has read.
        """
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        claim = (
            dialect.insert(positions)
            .values(
                consumer=self._group,
                topic=partition.topic,
                partition=partition.number,
                next_offset=0,
                epoch=1,
                log_id=log_id,
            )
            .on_conflict_do_update(
                index_elements=list(positions.primary_key),
                set_={"epoch": positions.c.epoch + 1, "log_id": log_id},
            )
            .returning(positions.c.epoch, positions.c.next_offset)
        )
        epoch, next_offset = await self._database.unit(lambda connection: connection.execute(claim).one())
        self._epochs[partition] = epoch
        return int(next_offset)

    def release(self, partition: Partition) -> None:
        """Forget the claim."""
        self._epochs.pop(partition, None)

    def advance(self, connection: sa.Connection, messages: Sequence[Message]) -> None:
        """Move past the messages as the first statement of the transaction that applies them.

        Raises Fenced when a partition is not ours any more or the messages were applied before.
        """
        for partition, (first, last) in sorted(_spans(messages).items()):
            parameters = {
                "of_consumer": self._group,
                "of_topic": partition.topic,
                "of_partition": partition.number,
                "our_epoch": self._epochs.get(partition, -1),
                "first": first.offset,
                "end": last.offset + 1,
                "checksum": crc32(last.value),
            }
            if quick.changed(connection, _ADVANCE, parameters) != 1:
                raise Fenced("fenced", f"{partition.topic}/{partition.number} has another owner.")


def _at(group: str, partition: Partition) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        positions.c.consumer == group,
        positions.c.topic == partition.topic,
        positions.c.partition == partition.number,
    )


def _spans(messages: Sequence[Message]) -> dict[Partition, tuple[Message, Message]]:
    spans: dict[Partition, tuple[Message, Message]] = {}
    for message in messages:
        first, _last = spans.get(message.partition, (message, message))
        spans[message.partition] = (first, message)
    return spans


def next_offsets(messages: Sequence[Message]) -> Mapping[Partition, int]:
    """Return the offset after the last message of each partition."""
    return {partition: last.offset + 1 for partition, (_, last) in _spans(messages).items()}


async def topics_read(database: Database) -> frozenset[str]:
    """Return the topics from which any group has read; none before the tables exist."""
    return await database.read(_topics_read)


def _topics_read(connection: sa.Connection) -> frozenset[str]:
    if not sa.inspect(connection).has_table(positions.name):
        return frozenset()
    query = sa.select(positions.c.topic).where(positions.c.next_offset > 0).distinct()
    return frozenset(connection.execute(query).scalars())


def all_positions(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return every group's position in every partition, in order."""
    query = sa.select(positions).order_by(positions.c.consumer, positions.c.topic, positions.c.partition)
    return connection.execute(query).all()


def lock(connection: sa.Connection, group: str, topic: str) -> Sequence[sa.Row[Any]]:
    """Return a group's positions in a topic, and block its batches until the transaction ends.

    The call waits for batches under way, because their first statement locks the position.
    """
    query = sa.select(positions).where(positions.c.consumer == group, positions.c.topic == topic)
    # On SQLite there is one writer at a time anyway.
    return connection.execute(query.order_by(positions.c.partition).with_for_update()).all()


def set_back(
    connection: sa.Connection, locked: Sequence[sa.Row[Any]], former: Mapping[Partition, Position]
) -> None:
    """Move a group back to former positions, or to the beginning where it had no position.

    A partition whose position is lower already stays unchanged. The epoch rises, so a worker that reads now
    is fenced and claims anew. `locked` is what `lock` returned in this transaction.
    """
    for row in locked:
        partition = Partition(row.topic, row.partition)
        position = former.get(partition, Position(0))
        changed: dict[str, Any] = {"epoch": row.epoch + 1}
        if position.next_offset < row.next_offset:
            changed |= position._asdict()
        statement = sa.update(positions).where(*_at(row.consumer, partition))
        connection.execute(statement.values(**changed))


def read_again(connection: sa.Connection, topic: str | None = None) -> int:
    """Let every group read a topic, or all of them, from its beginning; return how many positions moved.

    The epoch rises, so a worker that reads now is fenced and claims anew.
    """
    update = sa.update(positions).values(
        next_offset=0, log_id=None, last_checksum=None, epoch=positions.c.epoch + 1
    )
    if topic is not None:
        update = update.where(positions.c.topic == topic)
    return connection.execute(update).rowcount
