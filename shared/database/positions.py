"""Where each group stands on the log, committed together with the effects of what it read.

Every claim raises the partition's epoch, and every batch first sets the position under its own epoch: a
worker that lost its partition without noticing changes no row, and the batch is rolled back. The update
also locks the row, so a zombie and the owner queue up instead of interleaving.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import Database
from shared.database.schema import Key, metadata
from shared.errors import Fenced
from shared.log.port import Message, Partition

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


class Claims:
    """One worker's claims on the partitions of a group."""

    def __init__(self, database: Database, group: str) -> None:
        self._database = database
        self._group = group
        self._epochs: dict[Partition, int] = {}

    async def claim(self, partition: Partition) -> int:
        """Take the partition over from whoever had it and return the offset to read next."""
        async with self._database.unit() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            claim = (
                dialect.insert(positions)
                .values(
                    consumer=self._group,
                    topic=partition.topic,
                    partition=partition.number,
                    next_offset=0,
                    epoch=1,
                )
                .on_conflict_do_update(
                    index_elements=list(positions.primary_key), set_={"epoch": positions.c.epoch + 1}
                )
                .returning(positions.c.epoch, positions.c.next_offset)
            )
            epoch, next_offset = (await connection.execute(claim)).one()
        self._epochs[partition] = epoch
        return int(next_offset)

    def release(self, partition: Partition) -> None:
        """Forget the claim."""
        self._epochs.pop(partition, None)

    async def advance(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        """Move past the messages as the first statement of the transaction that applies them.

        Raises Fenced when a partition is not ours any more or the messages were applied before.
        """
        for partition, (first, last) in sorted(_spans(messages).items()):
            moved = await connection.execute(
                sa.update(positions)
                .where(
                    positions.c.consumer == self._group,
                    positions.c.topic == partition.topic,
                    positions.c.partition == partition.number,
                    positions.c.epoch == self._epochs.get(partition, -1),
                    positions.c.next_offset <= first,
                )
                .values(next_offset=last + 1)
            )
            if moved.rowcount != 1:
                raise Fenced("fenced", f"{partition.topic}/{partition.number} has another owner.")


def _spans(messages: Sequence[Message]) -> dict[Partition, tuple[int, int]]:
    spans: dict[Partition, tuple[int, int]] = {}
    for partition, offset, _ in messages:
        first, _last = spans.get(partition, (offset, offset))
        spans[partition] = (first, offset)
    return spans


def next_offsets(messages: Sequence[Message]) -> Mapping[Partition, int]:
    """Return the offset after the last message of each partition."""
    return {partition: last + 1 for partition, (_, last) in _spans(messages).items()}
