"""The ledger: all interactions that were taken in, and their retractions."""

from collections.abc import Collection, Iterable, Sequence
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
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class StoredInteraction(msgspec.Struct, frozen=True, gc=False):
    """An interaction as the ledger stores it: its id, and what conditions and counting read (`Countable`)."""

    id: str
    type: str
    occurred_at: datetime
    source: str | None
    campaign: str | None
    properties: dict[str, Any]
    machine: str | None


class Recorded(NamedTuple):
    """The interactions that are new in the ledger, each once, and which of them count."""

    new: Sequence[Interaction]
    valid: Sequence[Interaction]


def record(
    connection: sa.Connection, interactions: Sequence[Interaction], lock: sa.FromClause | None = None
) -> Recorded:
    """Insert interactions into the ledger; one that was retracted before it arrived does not count.

    If there is any interaction, the statement first takes the `lock` (see `bulk.insert_new_returning`).
    """
    distinct = {interaction.id: interaction for interaction in reversed(interactions)}
    rows = [
        {
            "event_id": interaction.id,
            "identity_id": interaction.identities[0].id,
            "type": interaction.type,
            "occurred_at": interaction.occurred_at,
            "source": interaction.source,
            "campaign": interaction.campaign,
            "properties": _json(interaction.properties).decode(),
            "machine": interaction.machine,
        }
        for interaction in distinct.values()
    ]
    is_void = dict(bulk.insert_new_returning(connection, ledger, "event_id", rows, (_IS_RETRACTED,), lock))
    new = [interaction for interaction in reversed(distinct.values()) if interaction.id in is_void]
    return Recorded(new, [interaction for interaction in new if not is_void[interaction.id]])


def read(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, list[StoredInteraction]]:
    """Return the unretracted interactions of each identity."""
    rows = connection.execute(
        sa.select(ledger).where(bulk.any_of(connection, ledger.c.identity_id, identity_ids), ~is_retracted())
    )
    return _by_identity(rows)


class Known(NamedTuple):
    """What an interaction of the ledger is about."""

    type: str
    identity_id: str
    properties: Any


def find(connection: sa.Connection, event_id: str) -> Known | None:
    """Return an interaction of the ledger, or None; also one that is retracted."""
    query = sa.select(ledger.c.type, ledger.c.identity_id, ledger.c.properties)
    row = connection.execute(query.where(ledger.c.event_id == event_id)).one_or_none()
    return None if row is None else Known(row.type, row.identity_id, msgspec.json.decode(row.properties))


def page_of_profile(
    connection: sa.Connection, identity_ids: Collection[str], before: Sequence[Any], limit: int
) -> Sequence[sa.Row[Any]]:
    """Return interactions of any of the identities, the latest first, with why they were retracted.

    The page begins before `before`, (occurred_at, event_id), or with the latest if it is empty.
    """
    query = (
        sa.select(ledger, retractions.c.reason)
        .outerjoin(retractions, retractions.c.event_id == ledger.c.event_id)
        .where(bulk.any_of(connection, ledger.c.identity_id, list(identity_ids)))
    )
    if before:
        query = query.where(sa.tuple_(ledger.c.occurred_at, ledger.c.event_id) < before)
    order = ledger.c.occurred_at.desc(), ledger.c.event_id.desc()
    return connection.execute(query.order_by(*order).limit(limit)).all()


def acted_since(connection: sa.Connection, identity_ids: Sequence[str], since: datetime) -> bool:
    """Return whether one of the identities has an unretracted human interaction since an instant."""
    of_humans = ledger.c.machine.is_(None) & ledger.c.type.not_in(sorted(NO_ACTIVITY))
    acts = sa.select(ledger.c.event_id).where(
        bulk.any_of(connection, ledger.c.identity_id, identity_ids),
        ledger.c.occurred_at >= since,
        of_humans,
        ~is_retracted(),
    )
    return connection.execute(acts.limit(1)).first() is not None


def is_retracted() -> sa.ColumnElement[bool]:
    """Return the SQL condition that an interaction is retracted."""
    return _IS_RETRACTED


def _by_identity(rows: Iterable[Any]) -> dict[str, list[StoredInteraction]]:
    posted: dict[str, list[StoredInteraction]] = {}
    # A recount reads the whole ledger; reading the columns by name took an eighth of its time.
    for event_id, identity_id, type_, occurred_at, source, campaign, properties, machine in rows:
        interaction = StoredInteraction(
            event_id, type_, occurred_at, source, campaign, _decode(properties), machine
        )
        posted.setdefault(identity_id, []).append(interaction)
    return posted


def retract(connection: sa.Connection, events: Sequence[Retraction]) -> dict[str, list[StoredInteraction]]:
    """Store the retractions and return, by identity, the interactions that no longer count.

    Of several retractions of one interaction the earliest is stored, whichever arrives first.
    """
    rows = {
        event_id: {
            "event_id": event_id,
            "retraction_id": retraction.id,
            "reason": retraction.reason,
            "author": retraction.author,
            "retracted_at": retraction.retracted_at,
        }
        for retraction in sorted(events, key=lambda each: (each.retracted_at, each.id), reverse=True)
        for event_id in retraction.interactions
    }
    new = bulk.insert_new(connection, retractions, "event_id", [rows[i] for i in sorted(rows)])
    again = [rows[event_id] for event_id in sorted(rows.keys() - new)]
    bulk.upsert(connection, retractions, again, older_by=("retracted_at", "retraction_id"))
    if not new:
        return {}
    found = connection.execute(
        sa.select(ledger).where(bulk.any_of(connection, ledger.c.event_id, sorted(new)))
    )
    return _by_identity(found)
