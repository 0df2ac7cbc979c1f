"""Ids from before normal forms changed: where they lead today."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from services.scoring.store.fold_tables import former_ids
from services.scoring.store.tables import identities
from shared.database import bulk


def identities_of(connection: sa.Connection, former_id: str) -> Sequence[str]:
    """Return the ids of the identities that a former id leads to; none when it was never an id."""
    query = sa.select(former_ids.c.identity_id).where(former_ids.c.id == former_id)
    return sorted(connection.execute(query).scalars())


def led_to(connection: sa.Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Return, for ids that are only former ids, the identity of today that each leads to.

    A former id that leads to several profiles is left out.
    """
    today = identities.alias("today")
    is_of_today = sa.exists().where(today.c.id == former_ids.c.id)
    rows = connection.execute(
        sa.select(former_ids.c.id, sa.func.min(identities.c.id))
        .join(identities, identities.c.id == former_ids.c.identity_id)
        .where(bulk.any_of(connection, former_ids.c.id, ids), ~is_of_today)
        .group_by(former_ids.c.id)
        .having(sa.func.count(identities.c.profile_id.distinct()) == 1)
    )
    return {former_id: identity_id for former_id, identity_id in rows}  # noqa: C416 - typed
