"""The ledger: all interactions that were taken in, and their retractions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from services.scoring.store.tables import ledger, retractions
from shared.database import bulk
from shared.database.schema import Key
from shared.events import Interaction, Retraction
from shared.vocabulary import NO_ACTIVITY

# As text, because SQLAlchemy does not know inside RETURNING that the ledger is the target of the INSERT.
_IS_RETRACTED: Final = sa.exists().where(retractions.c.event_id == sa.literal_column("ledger.event_id", Key))

_json = msgspec.json.Encoder().encode


class Recorded(NamedTuple):
    """The interactions that are new in the ledger, each once, and which of them count."""

    new: Sequence[Interaction]
    valid: Sequence[Interaction]


def record(
    connection: sa.Connection, interactions: Sequence[Interaction], lock: sa.FromClause | None = None
) -> Recorded:
    """Insert interactions into the ledger; one that was retracted before it arrived does not count.

    If there is any interaction, the statement first takes the `lock` (see `bulk.insert_new_telling`).
    """
    distinct = {one.id: one for one in reversed(interactions)}
    rows = [
        {
            "event_id": one.id,
            "identity_id": one.identities[0].id,
            "type": one.type,
            "occurred_at": one.occurred_at,
            "source": one.source,
            "campaign": one.campaign,
            "properties": _json(one.properties).decode(),
            "machine": one.machine,
        }
        for one in distinct.values()
    ]
    is_void = dict(bulk.insert_new_telling(connection, ledger, "event_id", rows, (_IS_RETRACTED,), lock))
    new = [one for one in reversed(distinct.values()) if one.id in is_void]
    return Recorded(new, [one for one in new if not is_void[one.id]])


def read(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, list[Interaction]]:
    """Return the unretracted interactions of each identity, with the fields that counting needs."""
    rows = connection.execute(
        sa.select(ledger).where(bulk.any_of(connection, ledger.c.identity_id, identity_ids), ~is_retracted())
    )
    posted: dict[str, list[Interaction]] = {}
    for row in rows:
        posted.setdefault(row.identity_id, []).append(_interaction(row))
    return posted


def acted_since(connection: sa.Connection, identity_ids: Sequence[str], since: datetime) -> bool:
    """Return whether one of the identities has an unretracted human interaction since an instant."""
    of_humans = ledger.c.machine.is_(None) & ledger.c.type.not_in(sorted(NO_ACTIVITY))
    deeds = sa.select(ledger.c.event_id).where(
        bulk.any_of(connection, ledger.c.identity_id, identity_ids),
        ledger.c.occurred_at >= since,
        of_humans,
        ~is_retracted(),
    )
    return connection.execute(deeds.limit(1)).first() is not None


def is_retracted() -> sa.ColumnElement[bool]:
    """Return the SQL condition that an interaction is retracted."""
    return _IS_RETRACTED


def _interaction(row: Any) -> Interaction:
    # A recount reads the whole ledger; reading the columns by name took an eighth of its time.
    event_id, _, type_, occurred_at, source, campaign, properties, machine = row
    return Interaction(
        id=event_id,
        type=type_,
        identities=(),
        occurred_at=occurred_at,
        received_at=occurred_at,
        source=source,
        campaign=campaign,
        properties=msgspec.json.decode(properties),
        machine=machine,
    )


def retract(connection: sa.Connection, told: Sequence[Retraction]) -> dict[str, list[Interaction]]:
    """Store the retractions and return, by identity, the interactions that no longer count.

    Of several retractions of one interaction the earliest is stored, whichever arrives first.
    """
    rows = {
        event_id: {
            "event_id": event_id,
            "retraction_id": one.id,
            "reason": one.reason,
            "author": one.author,
            "retracted_at": one.retracted_at,
        }
        for one in sorted(told, key=lambda one: (one.retracted_at, one.id), reverse=True)
        for event_id in one.interactions
    }
    new = bulk.insert_new(connection, retractions, "event_id", [rows[i] for i in sorted(rows)])
    again = [rows[event_id] for event_id in sorted(rows.keys() - new)]
    bulk.upsert(connection, retractions, again, older_by=("retracted_at", "retraction_id"))
    if not new:
        return {}
    found = connection.execute(
        sa.select(ledger).where(bulk.any_of(connection, ledger.c.event_id, sorted(new)))
    )
    posted: dict[str, list[Interaction]] = {}
    for row in found:
        posted.setdefault(row.identity_id, []).append(_interaction(row))
    return posted
