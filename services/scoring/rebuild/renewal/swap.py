"""The swap: the rebuilt tables replace the live ones, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from services.scoring.core.fold import Fold
from services.scoring.core.profiles.normal_forms import Current
from services.scoring.live.rescoring import hand_over_newly_qualified
from services.scoring.rebuild.renewal import cycles
from services.scoring.store import folds
from services.scoring.store.models import Active, active, hold
from services.scoring.store.rebuild import replacement
from shared.database import positions
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import INTERACTIONS, LeadQualified
from shared.log.port import Partition, Position
from shared.process.clock import Clock
from shared.process.progress_bar import Progress

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

    def locked(connection: Connection) -> tuple[Sequence[Any], Active]:
        # Batches take these two locks in the same order.
        rows = positions.lock(connection, built.group, INTERACTIONS)
        hold(connection, to_activate=True)
        return rows, _unchanged(connection, built, counted)

    def finished(connection: Connection) -> Sequence[LeadQualified]:
        positions.set_back(connection, stands, stood)
        folds.write(connection, built.fold)
        leads: list[LeadQualified] = []
        for start in range(0, len(built.newly), _CHUNK):
            newly = built.newly[start : start + _CHUNK]
            leads += hand_over_newly_qualified(connection, newly, matrices, clock.now())
        return leads

    async with live.open_unit() as opened:
        stands, matrices = await opened.run(locked)
        await cycles.keep(opened, built.rebuilt, built.current)
        for table in replacement.REPLACED:
            progress.step(f"writing {table.name}")
            await replacement.replace(opened, built.rebuilt, table)
        await replacement.add_cycles(opened, built.rebuilt)
        await replacement.replace_names(opened, built.copy, built.rebuilt)
        return await opened.run(finished)


def _unchanged(connection: Connection, built: Built, counted: Active) -> Active:
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


def _stood(connection: Connection, group: str) -> Mapping[Partition, Position]:
    """Return the positions of the group in the interactions at the snapshot."""
    return {
        Partition(row.topic, row.partition): Position(row.next_offset, row.log_id, row.last_checksum)
        for row in positions.all_positions(connection)
        if row.consumer == group and row.topic == INTERACTIONS
    }
