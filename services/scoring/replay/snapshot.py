"""A copy of the live tables as of one instant: what is compared stands still while scoring goes on."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import fold_tables, tables
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.database.outbox import outbox
from shared.database.positions import positions
from shared.events import INTERACTIONS
from shared.log.port import Partition

PAGE: Final = 5_000

# What decides how events are counted; the only tables that no event of `interactions` fills.
MATRICES: Final = (tables.models, tables.versions)
PROJECTIONS: Final = (
    tables.ledger,
    tables.identities,
    tables.links,
    tables.separations,
    tables.retractions,
    tables.traits,
    tables.effects,
    tables.counts,
    tables.scores,
    tables.standings,
    tables.flipped,
    tables.seen_names,
)


# What else stands beside the projections: which version is on its way, and what a rebuild does not come to.
BESIDE: Final = (tables.activations, tables.preparations, fold_tables.former_ids, positions, outbox)


async def take(live: Database, copy: Database) -> None:
    """Copy scoring's tables, all positions and the outbox into an empty database, as they are at one instant.

    The live ones are neither changed nor locked. Raises Misconfigured when they have another schema than this
    code, Unavailable when the database is away.
    """
    await require_newest(live)
    async with live.reading() as connection:
        if connection.dialect.name == "postgresql":
            # On SQLite every transaction sees one instant.
            await connection.execute(sa.text("set transaction isolation level repeatable read, read only"))
        for table in (*MATRICES, *PROJECTIONS, *BESIDE):
            await _copy(connection, table, copy)


async def _copy(connection: AsyncConnection, table: sa.Table, copy: Database) -> None:
    """Copy page by page: the transaction that reads is never silent for longer than it takes to write one."""
    rows = await connection.stream(sa.select(table), execution_options={"yield_per": PAGE})
    async for page in rows.mappings().partitions():
        await write(copy, table, [dict(row) for row in page])


async def write(database: Database, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows in a transaction of their own."""
    if rows:
        async with database.unit() as connection:
            await connection.execute(sa.insert(table), rows)


async def hand_on(copy: Database, rebuilt: Database, *those: sa.Table) -> None:
    """Give the rebuild tables of the snapshot as they are."""
    for table in those:
        async with copy.reading() as connection:
            await _copy(connection, table, rebuilt)


async def positions_of(copy: Database, group: str) -> dict[Partition, int]:
    """Return the offset up to which (exclusive) the group had read each partition of the interactions."""
    query = sa.select(positions.c.topic, positions.c.partition, positions.c.next_offset).where(
        positions.c.consumer == group, positions.c.topic == INTERACTIONS
    )
    async with copy.reading() as connection:
        return {Partition(topic, number): end for topic, number, end in await connection.execute(query)}


async def outgoing(copy: Database, topic: str) -> list[bytes]:
    """Return the events of a topic that were in the outbox and not yet known to be on the log."""
    query = sa.select(outbox.c.value).where(outbox.c.topic == topic).order_by(outbox.c.id)
    async with copy.reading() as connection:
        return list((await connection.execute(query)).scalars())
