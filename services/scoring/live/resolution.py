"""The profiles of a batch on the tables: found, locked, linked and written back."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles.linking import (
    Link,
    LinkRules,
    Pair,
    Profile,
    Profiles,
    partition,
    too_many_links,
)
from services.scoring.store import former, links
from services.scoring.store.counts import Reading, columns
from services.scoring.store.counts import revisions as revisions_of
from services.scoring.store.models import Active, active_and_locked
from services.scoring.store.tables import counts, identities, older_counts
from shared.database import bulk, quick
from shared.errors import NotFound, Unavailable
from shared.events import Interaction, Separation
from shared.identity import FORMER_USER_ID, Identity


def resolve(
    connection: sa.Connection,
    interactions: Sequence[Interaction],
    separations: Sequence[Separation] = (),
    *,
    others: Iterable[str] = (),
    limits: Mapping[str, int],
) -> tuple[Profiles, Active]:
    """Return the profiles of the events, after creating, merging and separating them in the tables.

    Also returns the active versions, which the caller has locked: they are read by the statement that locks
    the profiles. `others` are ids of further identities whose profiles are wanted. Raises Unavailable when
    another worker changes one of them at the same moment: the batch then simply runs again.
    """
    parted = links.write_separations(connection, separations)
    wanted = {identity.id for one in interactions for identity in one.identities} | parted | set(others)
    linking = {i.id for one in interactions if len(one.identities) > 1 for i in one.identities} | parted
    ids = sorted(wanted)
    asked = {"ids": ids, "linking": sorted(linking)}
    matrices, locked = active_and_locked(connection, _entangled(connection), asked)
    profiles = _all_locked(connection, ids, linking, locked)
    people = Profiles(profiles, _rules(connection, profiles, linking, limits))
    people.see(interactions)
    told = links.write(connection, people.links)
    crowded = links.crowded(connection, told)
    heeded, concerned = links.heeded(connection, crowded, told)
    people.join(link for link in heeded if crowded.isdisjoint(link.pair))
    _write(connection, people)
    links.write_refused(connection, told, _ignored(told, heeded))
    unsettled = parted | concerned | _renamed(people, told)
    unsettled |= links.refuse_contested(connection, people)
    if unsettled:
        _regroup(connection, people, unsettled, crowded, limits)
    return people, matrices


def _renamed(people: Profiles, told: Iterable[Link]) -> set[str]:
    """Return the ends of links to former user ids: by the new aliases refused links may hold."""
    ends = ((link, people.of(link.other).identities[link.other]) for link in told)
    return {i for link, other in ends if other.kind == FORMER_USER_ID for i in link.pair}


def _ignored(told: Iterable[Link], heeded: Iterable[Link]) -> dict[Pair, str | None]:
    return dict.fromkeys({link.pair for link in told} - {link.pair for link in heeded}, too_many_links())


def _rules(
    connection: sa.Connection, profiles: Iterable[Profile], linking: set[str], limits: Mapping[str, int]
) -> LinkRules:
    """Return the rules, with the separations of the profiles and of the identities to be linked, if any."""
    ids = linking.union(*(profile.identities for profile in profiles)) if linking else linking
    return LinkRules(limits, links.read_sides(connection, ids))


def hold(connection: sa.Connection, wanted: Iterable[str], linking: set[str]) -> list[Profile]:
    """Return the profiles in the tables, locking those whose counts several workers may change at once.

    A profile with one identity needs no lock: all its events are on one partition, and a worker that links it
    rewrites its counts, which raises the revision.
    """
    ids = sorted(wanted)
    return _all_locked(connection, ids, linking, _lock_entangled(connection, ids, linking))


def _all_locked(
    connection: sa.Connection, ids: Sequence[str], linking: set[str], locked: set[str]
) -> list[Profile]:
    """Return the profiles, after locking those that need a lock and are not in `locked`.

    A change before a lock was taken may require more locks, so this repeats until no profile lacks one.
    """
    needs_locks = connection.dialect.name == "postgresql"
    while True:
        profiles = find(connection, ids)
        if not needs_locks or all(one.id in locked or not _is_entangled(one, linking) for one in profiles):
            return profiles
        locked |= _lock_entangled(connection, ids, linking)


def _is_entangled(profile: Profile, linking: set[str]) -> bool:
    return len(profile.identities) > 1 or not linking.isdisjoint(profile.identities)


def _lock_entangled(connection: sa.Connection, ids: Sequence[str], linking: set[str]) -> set[str]:
    """Lock, in the order of their ids, the profiles for which `_is_entangled` holds, and return their ids."""
    if connection.dialect.name != "postgresql":
        return set()
    asked = {"ids": ids, "linking": sorted(linking)}
    return set(connection.execute(_entangled(connection), asked).scalars())


@bulk.built_once
def _entangled(on_postgresql: bool) -> sa.Select[str]:
    several = sa.func.count() > 1
    # As a set, which is hashed once. A list given at execution would be scanned for each row.
    linking = sa.select(bulk.listed(on_postgresql, identities.c.id, "linking").c.value)
    linked = sa.func.bool_or(identities.c.id.in_(linking))
    entangled = (
        sa.select(identities.c.profile_id)
        .where(identities.c.profile_id.in_(_profiles_of(on_postgresql)))
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
    with one identity does not wait for the lock of `hold`.
    """
    found = {i: profile.counts_of(i).revision for profile in profiles for i in profile.identities}
    revisions = revisions_of(connection, sorted(found))
    if any(revisions.get(identity_id, 0) != revision for identity_id, revision in found.items()):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")


def find(connection: sa.Connection, wanted: Sequence[str]) -> list[Profile]:
    """Return the profiles that have any of these identity ids, with all of their identities and counts.

    It is one statement, and so one snapshot: the revisions belong to exactly these identities.
    """
    reading = Reading()
    rows = quick.rows(connection, _persons(connection), {"ids": wanted, **reading.asked})
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
def _persons(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
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
        .where(identities.c.profile_id.in_(_profiles_of(on_postgresql)))
    )


def _profiles_of(on_postgresql: bool) -> sa.Select[str]:
    return sa.select(identities.c.profile_id).where(bulk.among(on_postgresql, identities.c.id, "ids"))


def find_one(connection: sa.Connection, profile_id: str) -> Profile:
    """Return the profile of an id, also of an id from before a merge; raises NotFound."""
    profiles = find(connection, [profile_id])
    if not profiles:
        profiles = find(connection, former.identities_of(connection, profile_id))
    if not profiles:
        raise NotFound("profile_unknown", f"There is no profile {profile_id[:80]}.")
    if len(profiles) > 1:
        told = ", ".join(sorted(profile.id for profile in profiles))
        raise NotFound(
            "profile_unknown",
            f"Profile {profile_id[:80]} was several people who were taken for one. Today they are {told}.",
        )
    return profiles[0]


def _write(connection: sa.Connection, people: Profiles) -> None:
    rows = [
        {"id": i, "kind": identity.kind, "value": identity.value, "profile_id": people.moved[i]}
        for i, identity in sorted(people.founded.items())
    ]
    if len(bulk.insert_new(connection, identities, "id", rows)) < len(rows):
        raise Unavailable("identity_race", "Another worker is just founding one of these identities.")
    moved = {i: profile_id for i, profile_id in people.moved.items() if i not in people.founded}
    _repoint(connection, people, moved)


def _repoint(connection: sa.Connection, people: Profiles, moves: Mapping[str, str]) -> None:
    rows = [
        {"id": i, "kind": identity.kind, "value": identity.value, "profile_id": profile_id}
        for i, profile_id in sorted(moves.items())
        for identity in [people.of(i).identities[i]]
    ]
    # All rows exist, so this updates: in one statement, and in an order that all writers share.
    bulk.upsert(connection, identities, rows)


def _regroup(
    connection: sa.Connection,
    people: Profiles,
    seeds: set[str],
    crowded: Collection[str],
    limits: Mapping[str, int],
) -> None:
    """Compute the profiles again among all identities that any heeded link ever connected with the seeds.

    Links of `crowded`, identities with too many links, may have been displaced by new links.
    """
    # A link may have lost its effect that once joined identities; they are in the same profile until now.
    seeds = seeds.union(*(people.of(i).identities for i in seeds if i in people))
    component = links.component(connection, seeds)
    ids = {i for link in component for i in link.pair} | seeds
    profiles = hold(connection, ids, ids)
    if component != links.component(connection, seeds):
        raise Unavailable("link_race", "Another worker is just linking the same identities.")
    known = {i: identity for profile in profiles for i, identity in profile.identities.items()}
    groups, refused = partition(
        known,
        (link for link in component if link.one in known and link.other in known),
        _rules(connection, profiles, ids, limits),
    )
    _repoint(connection, people, people.regroup(profiles, groups))
    links.write_refused(connection, component, refused)
    if not seeds.isdisjoint(crowded):
        displaced = links.displaced(connection, seeds.intersection(crowded), component)
        why = dict.fromkeys((link.pair for link in displaced), too_many_links())
        links.write_refused(connection, displaced, why)
