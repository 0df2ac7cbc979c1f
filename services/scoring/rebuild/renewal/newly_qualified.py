"""Profiles that qualify in the rebuilt tables and did not in the live ones."""

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from sqlalchemy import Connection

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.store.rebuild import states
from services.scoring.store.rebuild.snapshot import PAGE
from shared.database.engine import Database


async def find(copy: Database, rebuilt: Database) -> list[tuple[str, str]]:
    """Return (profile id, model) of the newly qualified profiles.

    No former profile of such a profile qualified, and at least one had a score: otherwise it is unknown.
    """
    found: list[tuple[str, str]] = []
    async with aclosing(rebuilt.pages(states.QUALIFIED_NOW, PAGE)) as pages:
        async for page in pages:
            found += await _newly(copy, rebuilt, page)
    return found


async def _newly(copy: Database, rebuilt: Database, page: Sequence[Any]) -> list[tuple[str, str]]:
    were = await rebuilt.read(partial(states.former_ids_of, profile_ids={row.profile_id for row in page}))

    def known(live: Connection) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
        profile_of = states.profiles_of(live, {i for ids in were.values() for i in ids})
        return profile_of, states.states_of(live, set(profile_of.values()))

    profile_of, state_of = await copy.read(known)
    found: list[tuple[str, str]] = []
    for row in page:
        profiles = {profile_of[i] for i in were[row.profile_id] if i in profile_of}
        before = [
            state for profile_id in profiles if (state := state_of.get((profile_id, row.model))) is not None
        ]
        if before and QUALIFIED not in before:
            found.append((row.profile_id, row.model))
    return found
