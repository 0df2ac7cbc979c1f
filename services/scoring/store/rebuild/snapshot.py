"""A copy of the live tables as of one instant: the comparison has fixed data while scoring goes on."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.store import fold_tables, tables
from shared.database import bulk
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.database.outbox import outbox
from shared.database.positions import positions
from shared.events import INTERACTIONS
from shared.log.port import Partition

PAGE: Final = 5_000

# What decides how events are counted; these are the only tables that no event of `interactions` fills.
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
    tables.older_counts,
    tables.scores,
    tables.cycles,
    tables.cycle_identities,
    tables.seen_names,
)

# What else the copy has: the version being prepared, and what a rebuild does not produce.
PREPARED: Final = (tables.activations, tables.preparations)
FORMER_IDS: Final = (fold_tables.former_ids,)
BESIDE: Final = (*PREPARED, *FORMER_IDS, positions, outbox)

_ONE_INSTANT: Final = sa.text("set transaction isolation level repeatable read, read only")


async def take(live: Database, copy: Database) -> None:
    """Copy scoring's tables, all positions and the outbox into an empty database, as they are at one instant.

    The live tables are neither changed nor locked. Raises Misconfigured when they have another schema than
    this code, Unavailable when the database cannot be reached.
    """
    await require_newest(live)
    async with live.open_read() as opened:
        if live.dialect == "postgresql":
            # On SQLite every transaction sees one instant.
            await opened.run(lambda connection: connection.execute(_ONE_INSTANT).close())
        for table in (*MATRICES, *PROJECTIONS, *BESIDE):
            await _write(copy, table, opened.pages(sa.select(table), PAGE))


async def _write(database: Database, table: sa.Table, rows: AsyncGenerator[Sequence[sa.Row[Any]]]) -> None:
    """Write page by page, each in a transaction of its own.

    So the transaction that reads them is never idle for longer than it takes to write one.
    """
    async with aclosing(rows) as pages:
        async for page in pages:
            await database.unit(partial(bulk.insert, table=table, rows=values_of(table, page)))


def values_of(table: sa.Table, rows: Iterable[Iterable[Any]]) -> list[dict[str, Any]]:
    """Return whole rows of a table in the form for inserting them."""
    columns = table.c.keys()
    return [dict(zip(columns, row, strict=True)) for row in rows]


async def hand_on(copy: Database, rebuilt: Database, *those: sa.Table) -> None:
    """Copy tables of the snapshot into the rebuild unchanged."""
    for table in those:
        await _write(rebuilt, table, copy.pages(sa.select(table), PAGE))


async def positions_of(copy: Database, group: str) -> dict[Partition, int]:
    """Return the offset up to which (exclusive) the group had read each partition of the interactions."""
    query = sa.select(positions.c.topic, positions.c.partition, positions.c.next_offset).where(
        positions.c.consumer == group, positions.c.topic == INTERACTIONS
    )
    rows = await copy.read(lambda connection: connection.execute(query).all())
    return {Partition(topic, number): end for topic, number, end in rows}


async def outgoing(copy: Database, topic: str) -> list[bytes]:
    """Return the events of a topic that were in the outbox and not yet known to be on the log."""
    query = sa.select(outbox.c.value).where(outbox.c.topic == topic).order_by(outbox.c.id)
    return await copy.read(lambda connection: list(connection.execute(query).scalars()))
