"""The rows of the rebuild replace those of the live tables, within one transaction."""

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.store import fold_tables, tables
from services.scoring.store.rebuild.snapshot import PAGE, PROJECTIONS, values_of
from shared.database import bulk
from shared.database.connections import OpenConnection
from shared.database.engine import Database

# Only the live tables have all cycles, and names that came since the snapshot must stay.
_NOT_REPLACED: Final = (tables.cycles, tables.seen_names)
REPLACED: Final = (*(table for table in PROJECTIONS if table not in _NOT_REPLACED), fold_tables.former_ids)


async def replace(connection: OpenConnection, rebuilt: Database, table: sa.Table) -> None:
    """Replace the rows of a live table by those of the rebuild, with higher revisions than any before."""
    base = await connection.run(partial(_emptied, table=table))
    async with aclosing(rebuilt.pages(sa.select(table), PAGE)) as pages:
        async for page in pages:
            await connection.run(partial(_insert, table=table, page=page, base=base))


def _emptied(connection: sa.Connection, table: sa.Table) -> int:
    """Delete all rows and return their highest revision, 0 without any.

    A worker may hold a revision from before the swap, which must not occur again.
    """
    base = 0
    if "revision" in table.c:
        base = connection.execute(sa.select(sa.func.max(table.c.revision))).scalar() or 0
    connection.execute(sa.delete(table))
    return base


def _insert(connection: sa.Connection, table: sa.Table, page: Sequence[sa.Row[Any]], base: int) -> None:
    new = values_of(table, page)
    if base:
        new = [{**row, "revision": row["revision"] + base} for row in new]
    bulk.insert(connection, table, new)


async def add_cycles(connection: OpenConnection, rebuilt: Database) -> None:
    """Add the cycles of the rebuild that the live tables lack."""
    table, key = tables.cycles, "profile_id"
    async with aclosing(rebuilt.pages(sa.select(table), PAGE)) as pages:
        async for page in pages:
            new = values_of(table, page)
            await connection.run(partial(bulk.insert_new, table=table, key=key, rows=new))


async def replace_names(connection: OpenConnection, copy: Database, rebuilt: Database) -> None:
    """Replace the names by those of the rebuild and those that came since the snapshot `copy`."""
    before, today = await copy.read(_names), await rebuilt.read(_names)

    def replaced(live: sa.Connection) -> None:
        names = sorted(today | (_names(live) - before))
        live.execute(sa.delete(tables.seen_names))
        bulk.insert(live, tables.seen_names, values_of(tables.seen_names, names))

    await connection.run(replaced)


def _names(connection: sa.Connection) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(sa.select(tables.seen_names))}
