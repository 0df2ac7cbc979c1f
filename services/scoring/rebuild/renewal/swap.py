"""The swap: the rebuilt tables replace the live ones, in one transaction."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.core.fold import Fold
from services.scoring.core.profiles.normal_forms import Current
from services.scoring.live.rescoring import hand_over_newly_qualified
from services.scoring.rebuild.renewal import cycles
from services.scoring.rebuild.snapshot import PAGE, PROJECTIONS, values_of
from services.scoring.store import fold_tables, folds, tables
from services.scoring.store.models import Active, active, hold
from shared.database import bulk, positions
from shared.database.connections import OpenConnection
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import INTERACTIONS, LeadQualified
from shared.log.port import Partition, Position
from shared.process.clock import Clock
from shared.process.progress_bar import Progress

# Only the live tables have all cycles, and names that came since the snapshot must stay.
_NOT_REPLACED: Final = (tables.standings, tables.seen_names)
REPLACED: Final = (*(one for one in PROJECTIONS if one not in _NOT_REPLACED), fold_tables.former_ids)
_CHUNK: Final = 500


@dataclass(frozen=True)
class Built:
    """The rebuilt tables and the snapshot `copy`, with the rules of both and the group that reads the log."""

    copy: Database
    rebuilt: Database
    current: Current
    fold: Fold
    was: Fold | None
    group: str
    newly: Sequence[tuple[str, str]]


async def swap(live: Database, built: Built, clock: Clock, progress: Progress) -> Sequence[LeadQualified]:
    """Replace the live tables by the rebuilt ones; return the new leads.

    The group continues from its positions at the snapshot: what it has applied since, it applies again.
    `show` is called with the name of each table. Raises Conflict, having changed nothing, when a version was
    activated or the tables were renewed since the snapshot.
    """
    counted = await built.rebuilt.read(active)
    stood = await built.copy.read(partial(_stood, group=built.group))

    def locked(its: sa.Connection) -> tuple[Sequence[sa.Row[Any]], Active]:
        # Batches take these two locks in the same order.
        rows = positions.lock(its, built.group, INTERACTIONS)
        hold(its, to_activate=True)
        return rows, _unchanged(its, built, counted)

    def finished(its: sa.Connection) -> Sequence[LeadQualified]:
        positions.set_back(its, stands, stood)
        folds.write(its, built.fold)
        leads: list[LeadQualified] = []
        for start in range(0, len(built.newly), _CHUNK):
            newly = built.newly[start : start + _CHUNK]
            leads += hand_over_newly_qualified(its, newly, matrices, clock.now())
        return leads

    async with live.open_unit() as connection:
        stands, matrices = await connection.run(locked)
        await cycles.keep(connection, built.rebuilt, built.current)
        for table in REPLACED:
            progress.step(f"writing {table.name}")
            await _replace(connection, built.rebuilt, table)
        await _add(connection, built.rebuilt, tables.standings)
        await _forget_names(connection, built)
        return await connection.run(finished)


def _unchanged(connection: sa.Connection, built: Built, counted: Active) -> Active:
    """Return the active versions; raises Conflict unless everything is as it was at the snapshot.

    `counted` are the versions that the rebuild has.
    """
    if folds.built_by(connection) != built.was:
        raise Conflict("renewed_meanwhile", "Somebody else has just renewed the tables. Nothing was changed.")
    matrices = active(connection)
    if matrices != counted:
        raise Conflict(
            "versions_changed",
            "A version of a model was activated or prepared meanwhile, which was not counted. Nothing was "
            "changed: run it again.",
        )
    return matrices


async def _replace(connection: OpenConnection, rebuilt: Database, table: sa.Table) -> None:
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


async def _add(connection: OpenConnection, rebuilt: Database, table: sa.Table) -> None:
    key = table.primary_key.columns.keys()[0]
    async with aclosing(rebuilt.pages(sa.select(table), PAGE)) as pages:
        async for page in pages:
            new = values_of(table, page)
            await connection.run(partial(bulk.insert_new, table=table, key=key, rows=new))


async def _forget_names(connection: OpenConnection, built: Built) -> None:
    """Replace the names by those of the rebuild and those that came since the snapshot."""
    before, today = await built.copy.read(_names), await built.rebuilt.read(_names)

    def forgotten(its: sa.Connection) -> None:
        kept = sorted(today | (_names(its) - before))
        its.execute(sa.delete(tables.seen_names))
        bulk.insert(its, tables.seen_names, values_of(tables.seen_names, kept))

    await connection.run(forgotten)


def _names(connection: sa.Connection) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(sa.select(tables.seen_names))}


def _stood(connection: sa.Connection, group: str) -> Mapping[Partition, Position]:
    """Return the positions of the group in the interactions at the snapshot."""
    return {
        Partition(row.topic, row.partition): Position(row.next_offset, row.log_id, row.last_checksum)
        for row in positions.all_positions(connection)
        if row.consumer == group and row.topic == INTERACTIONS
    }
