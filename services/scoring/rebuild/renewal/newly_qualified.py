"""Profiles that qualify in the rebuilt tables and did not in the live ones."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.rebuild.renewal.evidence import moved
from services.scoring.rebuild.snapshot import PAGE
from services.scoring.store.fold_tables import former_ids
from services.scoring.store.tables import identities, models, scores
from shared.database import bulk
from shared.database.engine import Database


async def find(copy: Database, rebuilt: Database) -> list[tuple[str, str]]:
    """Return (profile id, model) of the newly qualified profiles.

    No former profile of such a profile qualified, and at least one had a score: otherwise it is unknown.
    """
    found: list[tuple[str, str]] = []
    query = _active_scores().where(scores.c.state == QUALIFIED)
    async with aclosing(rebuilt.pages(query, PAGE)) as pages:
        async for page in pages:
            found += await _newly(copy, rebuilt, page)
    return found


async def _newly(copy: Database, rebuilt: Database, page: Sequence[Any]) -> list[tuple[str, str]]:
    were = await rebuilt.read(partial(_were, profile_ids={row.profile_id for row in page}))

    def known(live: sa.Connection) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        profile_of = _profiles(live, {i for ids in were.values() for i in ids})
        return profile_of, _states(live, set(profile_of.values()))

    profile_of, states = await copy.read(known)
    found: list[tuple[str, str]] = []
    for row in page:
        profiles = {profile_of[i] for i in were[row.profile_id] if i in profile_of}
        before = [state for one in profiles if (state := states.get((one, row.model))) is not None]
        if before and QUALIFIED not in before:
            found.append((row.profile_id, row.model))
    return found


def _active_scores() -> sa.Select[str, str, str]:
    of_active = (models.c.model == scores.c.model) & (models.c.active_version == scores.c.version)
    return sa.select(scores.c.profile_id, scores.c.model, scores.c.state).join(models, of_active)


def _were(connection: sa.Connection, profile_ids: Collection[str]) -> dict[str, set[str]]:
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


def _profiles(live: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    query = sa.select(identities.c.id, identities.c.profile_id)
    rows = live.execute(query.where(bulk.any_of(live, identities.c.id, sorted(ids))))
    return {identity_id: profile_id for identity_id, profile_id in rows}  # noqa: C416 - typed


def _states(live: sa.Connection, profile_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    of_these = bulk.any_of(live, scores.c.profile_id, sorted(profile_ids))
    rows = live.execute(_active_scores().where(of_these))
    return {(profile_id, model): state for profile_id, model, state in rows}
