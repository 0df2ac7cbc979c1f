"""Locks on profiles, for transactions that change their counts or link them."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Profile
from services.scoring.store.counts import revisions
from services.scoring.store.models import Active, active_and_locked
from services.scoring.store.profiles import find, profile_ids
from services.scoring.store.tables import identities
from shared.database import bulk
from shared.errors import Unavailable


def lock(connection: sa.Connection, identity_ids: Iterable[str], linking: set[str]) -> list[Profile]:
    """Return the profiles in the tables, locking those whose counts several workers may change at once.

    A profile with one identity needs no lock: all its events are on one partition, and a worker that links it
    rewrites its counts, which raises the revision.
    """
    ids = sorted(identity_ids)
    return _all_locked(connection, ids, linking, _lock_entangled(connection, ids, linking))


def lock_and_read_active(
    connection: sa.Connection, identity_ids: Iterable[str], linking: set[str]
) -> tuple[list[Profile], Active]:
    """Do what `lock` does; the statement that locks the profiles also reads the active versions.

    The caller has locked the active versions.
    """
    ids = sorted(identity_ids)
    parameters = {"ids": ids, "linking": sorted(linking)}
    matrices, locked = active_and_locked(connection, _entangled(connection), parameters)
    return _all_locked(connection, ids, linking, locked), matrices


def _all_locked(
    connection: sa.Connection, ids: Sequence[str], linking: set[str], locked: set[str]
) -> list[Profile]:
    """Return the profiles, after locking those that need a lock and are not in `locked`.

    A change before a lock was taken may require more locks, so this repeats until no profile lacks one.
    """
    needs_locks = connection.dialect.name == "postgresql"
    while True:
        profiles = find(connection, ids)
        if not needs_locks or all(
            profile.id in locked or not _is_entangled(profile, linking) for profile in profiles
        ):
            return profiles
        locked |= _lock_entangled(connection, ids, linking)


def _is_entangled(profile: Profile, linking: set[str]) -> bool:
    return len(profile.identities) > 1 or not linking.isdisjoint(profile.identities)


def _lock_entangled(connection: sa.Connection, ids: Sequence[str], linking: set[str]) -> set[str]:
    """Lock, in the order of their ids, the profiles for which `_is_entangled` holds, and return their ids."""
    if connection.dialect.name != "postgresql":
        return set()
    parameters = {"ids": ids, "linking": sorted(linking)}
    return set(connection.execute(_entangled(connection), parameters).scalars())


@bulk.built_once
def _entangled(on_postgresql: bool) -> sa.Select[str]:
    several = sa.func.count() > 1
    # As a set, which is hashed once. A list given at execution would be scanned for each row.
    linking = sa.select(bulk.listed(on_postgresql, identities.c.id, "linking").c.value)
    linked = sa.func.bool_or(identities.c.id.in_(linking))
    entangled = (
        sa.select(identities.c.profile_id)
        .where(identities.c.profile_id.in_(profile_ids(on_postgresql)))
        .group_by(identities.c.profile_id)
        .having(several | linked)
    )
    # The row of the identity with the profile's id is the lock of the profile.
    return (
        sa.select(identities.c.id)
        .where(identities.c.id.in_(entangled))
        .order_by(identities.c.id)
        .with_for_update()
    )


def confirm(connection: sa.Connection, profiles: Iterable[Profile]) -> None:
    """Raise Unavailable when counts of the profiles have changed since they were found.

    For pricing without writing counts, after the scores were read and written: a writer that counts a profile
    with one identity does not wait for the lock of `lock`.
    """
    found = {i: profile.counts_of(i).revision for profile in profiles for i in profile.identities}
    now = revisions(connection, sorted(found))
    if any(now.get(identity_id, 0) != revision for identity_id, revision in found.items()):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")
