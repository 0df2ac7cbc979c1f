"""The states of profiles in the active versions, and the ids that their identities had before."""

from collections.abc import Collection, Iterable
from typing import Final

import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.store.fold_tables import former_ids
from services.scoring.store.rebuild.evidence import moved
from services.scoring.store.tables import identities, models, scores
from shared.database import bulk

_OF_ACTIVE = (models.c.model == scores.c.model) & (models.c.active_version == scores.c.version)
_ACTIVE_SCORES: Final = sa.select(scores.c.profile_id, scores.c.model, scores.c.state).join(
    models, _OF_ACTIVE
)

QUALIFIED_NOW: Final = _ACTIVE_SCORES.where(scores.c.state == QUALIFIED)
"""the profiles that qualify in an active version"""


def former_ids_of(connection: sa.Connection, profile_ids: Collection[str]) -> dict[str, set[str]]:
    """Return, by profile of the rebuild, the ids that its identities had or have."""
    query = sa.select(identities.c.id, identities.c.profile_id)
    ours = query.where(bulk.any_of(connection, identities.c.profile_id, sorted(profile_ids)))
    profile_of = {identity_id: profile_id for identity_id, profile_id in connection.execute(ours)}  # noqa: C416 - typed
    were: dict[str, set[str]] = {profile_id: set() for profile_id in profile_ids}
    for identity_id, profile_id in profile_of.items():
        were[profile_id].add(identity_id)
    for today, before in ((former_ids.c.identity_id, former_ids.c.id), (moved.c.new_id, moved.c.old_id)):
        ends = sa.select(today, before).where(bulk.any_of(connection, today, sorted(profile_of)))
        for identity_id, former in connection.execute(ends):
            were[profile_of[identity_id]].add(former)
    return were


def profiles_of(connection: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the profile of each of these identities."""
    query = sa.select(identities.c.id, identities.c.profile_id)
    rows = connection.execute(query.where(bulk.any_of(connection, identities.c.id, sorted(ids))))
    return {identity_id: profile_id for identity_id, profile_id in rows}  # noqa: C416 - typed


def states_of(connection: sa.Connection, profile_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return the state of each of these profiles in each active model, by (profile id, model)."""
    of_these = bulk.any_of(connection, scores.c.profile_id, sorted(profile_ids))
    rows = connection.execute(_ACTIVE_SCORES.where(of_these))
    return {(profile_id, model): state for profile_id, model, state in rows}
