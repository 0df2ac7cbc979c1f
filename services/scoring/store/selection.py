"""Interactions of a profile, selected for a retraction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Profile
from services.scoring.store.ledger import is_retracted
from services.scoring.store.tables import ledger
from shared.database import bulk
from shared.errors import NotFound, TooLarge
from shared.values import check_known

MAX_RETRACTED: Final = 10_000
_MAX_NAMED: Final = 1_000


@dataclass(frozen=True)
class Selection:
    """Interactions of a profile: one by its id, or all of a source, type and period.

    The period is `since` <= occurred_at < `before`.
    """

    interaction: str | None = None
    source: str | None = None
    type: str | None = None
    since: datetime | None = None
    before: datetime | None = None


def chosen(connection: sa.Connection, profile: Profile, selection: Selection) -> Mapping[str, list[str]]:
    """Return, by identity, the ids of the selected interactions that still count.

    Raises NotFound when there are none, Refused for a type or a source that no interaction has, TooLarge for
    more than MAX_RETRACTED.
    """
    query = sa.select(ledger.c.identity_id, ledger.c.event_id).where(
        bulk.any_of(connection, ledger.c.identity_id, sorted(profile.identities)),
        ~is_retracted(),
    )
    if selection.interaction is not None:
        query = query.where(ledger.c.event_id == selection.interaction)
    if selection.source is not None:
        query = query.where(ledger.c.source == selection.source)
    if selection.type is not None:
        query = query.where(ledger.c.type == selection.type)
    if selection.since is not None:
        query = query.where(ledger.c.occurred_at >= selection.since)
    if selection.before is not None:
        query = query.where(ledger.c.occurred_at < selection.before)
    rows = connection.execute(query.order_by(ledger.c.event_id).limit(MAX_RETRACTED + 1)).all()
    if not rows:
        _check_named(connection, profile, selection)
        raise NotFound("interaction_unknown", "The profile has no such interactions that are not retracted.")
    if len(rows) > MAX_RETRACTED:
        raise TooLarge(
            "too_many_interactions", f"One retraction takes {MAX_RETRACTED:,} at most; narrow the period."
        )
    found: dict[str, list[str]] = {}
    for identity_id, event_id in rows:
        found.setdefault(identity_id, []).append(event_id)
    return found


def _check_named(connection: sa.Connection, profile: Profile, selection: Selection) -> None:
    """Raise Refused for a type or source that no interaction of the profile has, retracted ones included."""
    of_profile = bulk.any_of(connection, ledger.c.identity_id, sorted(profile.identities))
    for field, column, value in (
        ("type", ledger.c.type, selection.type),
        ("source", ledger.c.source, selection.source),
    ):
        if value is not None:
            query = sa.select(column).where(of_profile, column.is_not(None)).distinct().order_by(column)
            existing = connection.execute(query.limit(_MAX_NAMED)).scalars().all()
            check_known(f"{field}_unknown", {field: value}, existing)
