"""The swap: what was built beside takes the place of the live tables, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import fold_tables, tables
from services.scoring.core.current import Current
from services.scoring.core.fold import Fold
from services.scoring.renewal import cycles_kept
from services.scoring.replay.snapshot import PAGE, PROJECTIONS
from services.scoring.settling import settle_newly_qualified
from services.scoring.store import folds
from services.scoring.store.models import Active, active, hold
from shared.clock import Clock
from shared.database import bulk, positions
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import INTERACTIONS, LeadQualified
from shared.log.port import Partition, Position

# Who is in a cycle only the live tables know, and what came since the snapshot nobody may forget.
_NOT_REPLACED: Final = (tables.standings, tables.seen_names)
REPLACED: Final = (*(one for one in PROJECTIONS if one not in _NOT_REPLACED), fold_tables.former_ids)
_CHUNK: Final = 500


@dataclass(frozen=True)
class Built:
    """What was built beside: of the snapshot `copy`, under these rules, by this group's positions."""

    copy: Database
    rebuilt: Database
    current: Current
    fold: Fold
    was: Fold | None
    group: str
    newly: Sequence[tuple[str, str]]


async def swap(
    live: Database, built: Built, clock: Clock, show: Callable[[str], None]
) -> Sequence[LeadQualified]:
    """Put the rebuilt tables into the place of the live ones; return the new leads.

    The group reads on from where it stood at the snapshot: what it has taken in since, it takes in again.
    `show` is told each table. Raises Conflict, and nothing has changed, when a version was activated or the
    tables were renewed since the snapshot.
    """
    async with live.unit() as connection:
        # Batches take the two in this order.
        locked = await positions.lock(connection, built.group, INTERACTIONS)
        await hold(connection, to_activate=True)
        matrices = await _unchanged(connection, built)
        await cycles_kept.keep(connection, built.rebuilt, built.current)
        for table in REPLACED:
            show(table.name)
            await _replace(connection, built.rebuilt, table)
        await _add(connection, built.rebuilt, tables.standings)
        await _forget_names(connection, built)
        await positions.set_back(connection, locked, await _stood(built))
        await folds.write(connection, built.fold)
        leads: list[LeadQualified] = []
        for start in range(0, len(built.newly), _CHUNK):
            newly = built.newly[start : start + _CHUNK]
            leads += await settle_newly_qualified(connection, newly, matrices, clock.now())
    return leads


async def _unchanged(connection: AsyncConnection, built: Built) -> Active:
    """Return the versions that score; raises Conflict unless everything is as it was at the snapshot."""
    if await folds.built_by(connection) != built.was:
        raise Conflict("renewed_meanwhile", "Somebody else has just renewed the tables. Nothing was changed.")
    async with built.rebuilt.reading() as its:
        counted = await active(its)
    matrices = await active(connection)
    if matrices != counted:
        raise Conflict(
            "versions_changed",
            "A version of a model was activated or prepared meanwhile, which was not counted. Nothing was "
            "changed: run it again.",
        )
    return matrices


async def _replace(connection: AsyncConnection, rebuilt: Database, table: sa.Table) -> None:
    # Somebody may hold a revision from before, and must not meet it again.
    base = 0
    if "revision" in table.c:
        base = (await connection.execute(sa.select(sa.func.max(table.c.revision)))).scalar() or 0
    await connection.execute(sa.delete(table))
    async with rebuilt.reading() as its:
        rows = await its.stream(sa.select(table), execution_options={"yield_per": PAGE})
        async for page in rows.mappings().partitions():
            new = [dict(row) for row in page]
            if base:
                new = [{**row, "revision": row["revision"] + base} for row in new]
            await bulk.insert(connection, table, new)


async def _add(connection: AsyncConnection, rebuilt: Database, table: sa.Table) -> None:
    async with rebuilt.reading() as its:
        rows = await its.stream(sa.select(table), execution_options={"yield_per": PAGE})
        async for page in rows.mappings().partitions():
            new = [dict(row) for row in page]
            await bulk.insert_new(connection, table, table.primary_key.columns.keys()[0], new)


async def _forget_names(connection: AsyncConnection, built: Built) -> None:
    """Let the names be those of the rebuild, and those that came since the snapshot."""
    names = sa.select(tables.seen_names)
    async with built.copy.reading() as its:
        before = {tuple(row) for row in await its.execute(names)}
    async with built.rebuilt.reading() as its:
        today = {tuple(row) for row in await its.execute(names)}
    now = {tuple(row) for row in await connection.execute(names)}
    kept = sorted(today | (now - before))
    await connection.execute(sa.delete(tables.seen_names))
    columns = tables.seen_names.c.keys()
    await bulk.insert(connection, tables.seen_names, [dict(zip(columns, row, strict=True)) for row in kept])


async def _stood(built: Built) -> Mapping[Partition, Position]:
    async with built.copy.reading() as its:
        rows = await positions.all_positions(its)
    return {
        Partition(row.topic, row.partition): Position(row.next_offset, row.log_id, row.last_checksum)
        for row in rows
        if row.consumer == built.group and row.topic == INTERACTIONS
    }
