"""The traits that interactions set by their type: for each identity, type and day the last interaction."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.scoring.core.counting.tally import day_of
from services.scoring.store.ledger import StoredInteraction, is_retracted
from services.scoring.store.tables import effects, ledger
from shared.database import bulk
from shared.events import Interaction
from shared.vocabulary import is_effective


def write(connection: sa.Connection, interactions: Iterable[Interaction]) -> None:
    """Store the last interaction of each type and day that has an effect; none may be retracted."""
    latest: dict[tuple[str, str, int], Interaction] = {}
    for interaction in filter(is_effective, interactions):
        key = interaction.identities[0].id, interaction.type, day_of(interaction.occurred_at)
        if key not in latest or _at(latest[key]) < _at(interaction):
            latest[key] = interaction
    rows = [
        _row(*key, interaction.occurred_at, interaction.id) for key, interaction in sorted(latest.items())
    ]
    bulk.upsert(connection, effects, rows, newer_by=("occurred_at", "event_id"))


def _at(interaction: Interaction) -> tuple[datetime, str]:
    return interaction.occurred_at, interaction.id


def _row(identity_id: str, type_: str, day: int, occurred_at: datetime, event_id: str) -> dict[str, Any]:
    return {
        "identity_id": identity_id,
        "type": type_,
        "day": day,
        "occurred_at": occurred_at,
        "event_id": event_id,
    }


def take_back(connection: sa.Connection, retracted: Mapping[str, Iterable[StoredInteraction]]) -> None:
    """Replace each retracted interaction by the last one of its type and day that still counts, if any.

    The interactions are given by the identity that they are attributed to, and the ledger already has their
    retractions.
    """
    retracted_ids = {
        interaction.id for posted in retracted.values() for interaction in filter(is_effective, posted)
    }
    if not retracted_ids:
        return
    kept = connection.execute(
        sa.select(effects.c.identity_id, effects.c.type, effects.c.day, effects.c.event_id).where(
            bulk.any_of(connection, effects.c.identity_id, sorted(retracted))
        )
    )
    for identity_id, type_, day, event_id in kept.all():
        if event_id in retracted_ids:
            _replace(connection, identity_id, type_, day)


def _replace(connection: sa.Connection, identity_id: str, type_: str, day: int) -> None:
    of_key = {"identity_id": identity_id, "type": type_, "day": day}
    connection.execute(sa.delete(effects).where(*(effects.c[name] == v for name, v in of_key.items())))
    begins = datetime.fromordinal(day).replace(tzinfo=UTC)
    last = (
        sa.select(ledger.c.occurred_at, ledger.c.event_id)
        .where(
            ledger.c.identity_id == identity_id,
            ledger.c.type == type_,
            ledger.c.machine.is_(None),
            ledger.c.occurred_at.between(begins, begins + timedelta(days=1, microseconds=-1)),
            ~is_retracted(),
        )
        .order_by(ledger.c.occurred_at.desc(), ledger.c.event_id.desc())
        .limit(1)
    )
    for occurred_at, event_id in connection.execute(last).all():
        bulk.upsert(connection, effects, [_row(identity_id, type_, day, occurred_at, event_id)])
