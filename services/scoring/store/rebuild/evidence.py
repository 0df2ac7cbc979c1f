"""The events that a rebuild and the live tables have, and whose interactions other identities have today."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.store.tables import ledger, retractions, separations
from shared.database import bulk
from shared.database.schema import Key
from shared.events import ADJUSTMENT, Event, Interaction, Retraction, Separation

# In the rebuild alone: the ids of events that have no identity left in the forms of today.
_without_effect: Final = sa.Table(
    "without_effect", sa.MetaData(), sa.Column("event_id", Key, primary_key=True)
)

# In the rebuild alone: interactions of `old_id` are attributed to `new_id` today.
moved: Final = sa.Table(
    "moved",
    sa.MetaData(),
    sa.Column("old_id", Key, primary_key=True),
    sa.Column("new_id", Key, primary_key=True, index=True),
)

ATTRIBUTIONS: Final = sa.select(ledger.c.event_id, ledger.c.identity_id)
"""the identity of each interaction"""

KEYS: Final = (ledger.c.event_id, retractions.c.event_id, separations.c.separation_id)
"""the ids of interactions, of retracted interactions and of separations, each as a column of its table"""


def create_without_effect(connection: sa.Connection) -> None:
    """Create the table of events without effect."""
    _without_effect.create(connection)


def note_without_effect(connection: sa.Connection, event_ids: Iterable[str]) -> int:
    """Store ids of events without effect; return how many of them are new."""
    rows = [{"event_id": event_id} for event_id in sorted(event_ids)]
    return len(bulk.insert_new(connection, _without_effect, "event_id", rows))


def known_corrections(connection: sa.Connection, events: Sequence[Event | None]) -> set[str]:
    """Return the ids of the corrections among the events that the tables have."""
    adjusted = [event.id for event in events if isinstance(event, Interaction) and event.type == ADJUSTMENT]
    retracted = [i for event in events if isinstance(event, Retraction) for i in event.interactions]
    separated = [event.id for event in events if isinstance(event, Separation)]
    queries = [
        sa.select(column).where(bulk.any_of(connection, key, ids))
        for column, key, ids in (
            (ledger.c.event_id, ledger.c.event_id, adjusted),
            (retractions.c.retraction_id, retractions.c.event_id, retracted),
            (separations.c.separation_id, separations.c.separation_id, separated),
        )
        if ids
    ]
    return {i for query in queries for i in connection.execute(query).scalars()}


def create_moved(connection: sa.Connection) -> None:
    """Create the table of identities that have taken over interactions."""
    moved.create(connection)


def note_moved(connection: sa.Connection, was: Mapping[str, str]) -> None:
    """Store which identities have taken over interactions, given the former identity of each interaction."""
    these = bulk.any_of(connection, ledger.c.event_id, list(was))
    found = connection.execute(ATTRIBUTIONS.where(these))
    pairs = sorted({(was[event_id], now) for event_id, now in found if was[event_id] != now})
    new = [{"old_id": old_id, "new_id": new_id} for old_id, new_id in pairs]
    bulk.insert_new(connection, moved, "old_id", new)


def all_ids(key: sa.Column[Any]) -> sa.Select[Any]:
    """Select all ids of one of the `KEYS`, each once."""
    return sa.select(key).distinct()


def count_missing(connection: sa.Connection, key: sa.Column[Any], ids: Sequence[str]) -> int:
    """Return how many of these ids of one of the `KEYS` the rebuild has neither there nor without effect."""
    left = _without(connection, key, ids)
    return len(_without(connection, _without_effect.c.event_id, left))


def _without(connection: sa.Connection, column: sa.Column[Any], ids: Sequence[str]) -> Sequence[str]:
    existing = connection.execute(sa.select(column).where(bulk.any_of(connection, column, ids)))
    return sorted(set(ids) - set(existing.scalars()))
