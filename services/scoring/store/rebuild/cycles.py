"""Cycles while tables are rebuilt: those of the leads on the log, and those that the live tables have."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from services.scoring.store.cycles import follow_former_ids
from services.scoring.store.rebuild.evidence import moved
from services.scoring.store.tables import cycle_identities, cycles, identities
from shared.database import bulk

_FLIPPED_IN = (cycle_identities.c.profile_id, cycle_identities.c.model, cycle_identities.c.cycle)
_CYCLE = (cycles.c.profile_id, cycles.c.model, cycles.c.cycle)
_OF_CYCLE = sa.tuple_(*_FLIPPED_IN) == sa.tuple_(*_CYCLE)

FLIPPED: Final[sa.Select[Any]] = (
    sa.select(cycle_identities, cycles.c.lead_id, identities.c.kind, identities.c.value)
    .join(cycles, _OF_CYCLE)
    .outerjoin(identities, identities.c.id == cycle_identities.c.identity_id)
)
"""the identities that flipped, with the lead of the cycle, and kind and value, null where they have no row"""


def delete_all(connection: sa.Connection) -> None:
    """Empty the cycles, and the identities that flipped in them."""
    connection.execute(sa.delete(cycles))
    connection.execute(sa.delete(cycle_identities))


def leads_of(connection: sa.Connection, profile_ids: Iterable[str]) -> dict[tuple[str, str, int], str | None]:
    """Return the lead of each cycle of these profiles, by (profile id, model, cycle); None if kept back."""
    of_profiles = bulk.any_of(connection, cycles.c.profile_id, sorted(set(profile_ids)))
    rows = connection.execute(sa.select(*_CYCLE, cycles.c.lead_id).where(of_profiles))
    return {(profile_id, model, cycle): lead_id for profile_id, model, cycle, lead_id in rows}


def add_flipped(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add identities that flipped, unless they are there already."""
    bulk.insert_new(connection, cycle_identities, "identity_id", rows)


def carry_along(connection: sa.Connection) -> None:
    """Add the identities that have taken over interactions of an identity that flipped."""
    follow_former_ids(connection)
    carried = sa.select(moved.c.new_id, *_FLIPPED_IN, sa.true()).join(
        cycle_identities, cycle_identities.c.identity_id == moved.c.old_id
    )
    columns = ["identity_id", "profile_id", "model", "cycle", "carried"]
    connection.execute(sqlite.insert(cycle_identities).from_select(columns, carried).prefix_with("or ignore"))
