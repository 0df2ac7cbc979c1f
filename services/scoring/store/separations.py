"""Separations on the tables: which identities were parted from which by hand."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Side
from services.scoring.store.tables import separations
from shared.database import bulk, quick
from shared.events import Separation


def new_among(connection: sa.Connection, told: Sequence[Separation]) -> list[Separation]:
    """Return the separations that the table does not have."""
    if not told:
        return []
    of_these = bulk.any_of(connection, separations.c.separation_id, sorted({one.id for one in told}))
    of_whom = bulk.any_of(
        connection, separations.c.identity_id, sorted({i.id for one in told for i in one.identities})
    )
    known = connection.execute(sa.select(separations.c.separation_id).where(of_whom, of_these))
    known_ids = set(known.scalars())
    return [one for one in told if one.id not in known_ids]


def write(connection: sa.Connection, told: Sequence[Separation]) -> set[str]:
    """Store the new separations and return the ids of the identities that they separate."""
    rows: list[dict[str, Any]] = [
        {
            "identity_id": identity.id,
            "separation_id": one.id,
            "other": other,
            "reason": one.reason,
            "author": one.author,
            "separated_at": one.separated_at,
        }
        for one in {one.id: one for one in told}.values()
        for other, side in ((False, one.identities), (True, one.others))
        for identity in side
    ]
    return bulk.insert_new(connection, separations, "identity_id", rows)


def sides_of(connection: sa.Connection, identity_ids: Collection[str]) -> dict[str, list[Side]]:
    """Return the sides of separations that each of the identities is on."""
    if not identity_ids:
        return {}
    rows = quick.rows(connection, _sides(connection), {"ids": sorted(identity_ids)})
    sides: dict[str, list[Side]] = {}
    for identity_id, separation_id, other in rows:
        sides.setdefault(identity_id, []).append(Side(separation_id, other))
    return sides


@bulk.built_once
def _sides(on_postgresql: bool) -> sa.Select[str, str, bool]:
    of_these = bulk.among(on_postgresql, separations.c.identity_id, "ids")
    query = sa.select(separations.c.identity_id, separations.c.separation_id, separations.c.other)
    return query.where(of_these)
