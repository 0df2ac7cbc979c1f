"""Separations on the tables: which identities were parted from which by hand."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Side
from services.scoring.store.tables import separations
from shared.database import bulk, quick
from shared.events import Separation


def new_among(connection: sa.Connection, events: Sequence[Separation]) -> list[Separation]:
    """Return the separations that the table does not have."""
    if not events:
        return []
    of_these = bulk.any_of(connection, separations.c.separation_id, sorted({event.id for event in events}))
    of_identities = bulk.any_of(
        connection, separations.c.identity_id, sorted({i.id for event in events for i in event.identities})
    )
    known = connection.execute(sa.select(separations.c.separation_id).where(of_identities, of_these))
    known_ids = set(known.scalars())
    return [event for event in events if event.id not in known_ids]


def write(connection: sa.Connection, events: Sequence[Separation]) -> set[str]:
    """Store the new separations and return the ids of the identities that they separate."""
    rows: list[dict[str, Any]] = [
        {
            "identity_id": identity.id,
            "separation_id": event.id,
            "other": other,
            "reason": event.reason,
            "author": event.author,
            "separated_at": event.separated_at,
        }
        for event in {event.id: event for event in events}.values()
        for other, side in ((False, event.identities), (True, event.others))
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
