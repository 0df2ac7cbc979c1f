"""The profiles on the tables: found with their counts, and written back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.linking import Profile
from services.scoring.store import former
from services.scoring.store.counts import Reading, columns
from services.scoring.store.tables import counts, identities, older_counts
from shared.database import bulk, quick
from shared.errors import NotFound, Unavailable
from shared.identity import Identity


def find(connection: sa.Connection, identity_ids: Sequence[str]) -> list[Profile]:
    """Return the profiles that have any of these identity ids, with all of their identities and counts.

    It is one statement, and so one snapshot: the revisions belong to exactly these identities.
    """
    reading = Reading()
    rows = quick.rows(connection, _profiles(connection), {"ids": identity_ids, **reading.parameters})
    profiles: dict[str, Profile] = {}
    for identity_id, kind, value, profile_id, *row in rows:
        profile = profiles.get(profile_id)
        if profile is None:
            profile = profiles[profile_id] = Profile(profile_id)
        profile.identities[identity_id] = Identity(kind, value)
        if (stored := reading.counts_in(identity_id, *row)) is not None:
            profile.counts_by_identity[identity_id] = stored
    return list(profiles.values())


@bulk.built_once
def _profiles(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            identities.c.id,
            identities.c.kind,
            identities.c.value,
            identities.c.profile_id,
            *columns(on_postgresql),
        )
        .outerjoin(counts, counts.c.identity_id == identities.c.id)
        .outerjoin(older_counts, older_counts.c.identity_id == identities.c.id)
        .where(identities.c.profile_id.in_(profile_ids(on_postgresql)))
    )


def profile_ids(on_postgresql: bool) -> sa.Select[str]:
    """Select the ids of the profiles of identities, whose ids are the list parameter `ids`."""
    return sa.select(identities.c.profile_id).where(bulk.among(on_postgresql, identities.c.id, "ids"))


def find_one(connection: sa.Connection, profile_id: str) -> Profile:
    """Return the profile of an id, also of an id from before a merge; raises NotFound."""
    profiles = find(connection, [profile_id])
    if not profiles:
        profiles = find(connection, former.identities_of(connection, profile_id))
    if not profiles:
        raise NotFound("profile_unknown", f"There is no profile {profile_id[:80]}.")
    if len(profiles) > 1:
        ids = ", ".join(sorted(profile.id for profile in profiles))
        raise NotFound(
            "profile_unknown",
            f"Profile {profile_id[:80]} was several people who were taken for one. Today they are {ids}.",
        )
    return profiles[0]


def identities_of(connection: sa.Connection, ids: Collection[str]) -> dict[str, Identity]:
    """Return the identities that have these ids."""
    query = sa.select(identities.c.id, identities.c.kind, identities.c.value)
    rows = connection.execute(query.where(bulk.any_of(connection, identities.c.id, sorted(ids))))
    return {i: Identity(kind, value) for i, kind, value in rows}


def write(connection: sa.Connection, profiles: Profiles) -> None:
    """Store new identities, and the profiles that others belong to from now on.

    Raises Unavailable when another transaction stores one of the new identities at the same moment.
    """
    rows = [
        {"id": i, "kind": identity.kind, "value": identity.value, "profile_id": profiles.moved[i]}
        for i, identity in sorted(profiles.founded.items())
    ]
    if len(bulk.insert_new(connection, identities, "id", rows)) < len(rows):
        raise Unavailable("identity_race", "Another worker is just founding one of these identities.")
    moves = {i: profile_id for i, profile_id in profiles.moved.items() if i not in profiles.founded}
    move(connection, profiles, moves)


def move(connection: sa.Connection, profiles: Profiles, moves: Mapping[str, str]) -> None:
    """Store the new profile id of each of these identities."""
    rows = [
        {"id": i, "kind": identity.kind, "value": identity.value, "profile_id": profile_id}
        for i, profile_id in sorted(moves.items())
        for identity in [profiles.of(i).identities[i]]
    ]
    # All rows exist, so this updates: in one statement, and in an order that all writers share.
    bulk.upsert(connection, identities, rows)
