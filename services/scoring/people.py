"""The persons of a batch on the tables: found, locked, linked and written back."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.counting import Held, decode_counts
from services.scoring.linking import People, Person
from services.scoring.tables import counts, identities, profiles
from shared.database import bulk
from shared.errors import Unavailable
from shared.events import Interaction
from shared.identity import Identity


async def resolve(connection: AsyncConnection, interactions: Sequence[Interaction], now: datetime) -> People:
    """Return the persons of the interactions, with new ones founded and linked ones merged in the tables.

    Raises Unavailable when another worker founded one of the same identities at this moment: the batch is
    then simply run again.
    """
    people = People(await _known(connection, interactions))
    for interaction in interactions:
        people.see(interaction)
    await _write(connection, people, now)
    return people


async def _known(connection: AsyncConnection, interactions: Sequence[Interaction]) -> list[Person]:
    """Return the persons that the tables know, those locked whose counts several workers may change at once.

    A person of one identity needs no lock: all its events are on one partition, and a worker that links it
    to another writes its counts anew, which the revision tells. What was read before a lock may be stale,
    so it is read again until the lock holds all that it has to.
    """
    wanted = sorted({identity.id for one in interactions for identity in one.identities})
    linking = {i.id for one in interactions if len(one.identities) > 1 for i in one.identities}
    locked: set[str] = set()
    while True:
        persons = await find(connection, wanted)
        entangled = {
            person.id
            for person in persons
            if len(person.identities) > 1 or not linking.isdisjoint(person.identities)
        }
        if entangled <= locked or connection.dialect.name != "postgresql":
            return persons
        locked |= entangled
        await connection.execute(
            sa.select(profiles.c.id)
            .where(bulk.any_of(connection, profiles.c.id, sorted(locked)))
            .order_by(profiles.c.id)
            .with_for_update()
        )


async def find(connection: AsyncConnection, wanted: Sequence[str]) -> list[Person]:
    """Return the persons that have any of these identity ids, with all of their identities and counts.

    It is one statement, and so one snapshot: the revisions are those of exactly these identities.
    """
    of_wanted = sa.select(identities.c.profile_id).where(bulk.any_of(connection, identities.c.id, wanted))
    rows = await connection.execute(
        sa.select(
            identities.c.id,
            identities.c.kind,
            identities.c.value,
            identities.c.profile_id,
            # Only compared with its like, so it need not be made aware row by row.
            sa.type_coerce(profiles.c.created_at, sa.DateTime()),
            counts.c.counts,
            counts.c.revision,
        )
        .join(profiles, profiles.c.id == identities.c.profile_id)
        .outerjoin(counts, counts.c.identity_id == identities.c.id)
        .where(identities.c.profile_id.in_(of_wanted))
    )
    persons: dict[str, Person] = {}
    for identity_id, kind, value, profile_id, created_at, text, revision in rows.all():
        person = persons.get(profile_id)
        if person is None:
            person = persons[profile_id] = Person(profile_id, created_at)
        person.identities[identity_id] = Identity(kind, value)
        if text is not None:
            person.held[identity_id] = Held(decode_counts(text), revision)
    return list(persons.values())


async def _write(connection: AsyncConnection, people: People, now: datetime) -> None:
    moved, founded = people.moved, people.founded
    new_profiles = sorted({moved[i] for i in founded if people.of(i).founded is None})
    await bulk.insert_new(
        connection, profiles, "id", [{"id": profile, "created_at": now} for profile in new_profiles]
    )
    rows = [
        {"id": i, "kind": identity.kind, "value": identity.value, "profile_id": moved[i]}
        for i, identity in sorted(founded.items())
    ]
    if len(await bulk.insert_new(connection, identities, "id", rows)) < len(rows):
        raise Unavailable("identity_race", "Another worker is just founding one of these identities.")
    await _repoint(connection, ((i, profile) for i, profile in moved.items() if i not in founded))


async def _repoint(connection: AsyncConnection, moves: Iterable[tuple[str, str]]) -> None:
    by_profile: dict[str, list[str]] = {}
    for identity_id, profile_id in moves:
        by_profile.setdefault(profile_id, []).append(identity_id)
    for profile_id, identity_ids in by_profile.items():
        await connection.execute(
            sa.update(identities)
            .where(bulk.any_of(connection, identities.c.id, identity_ids))
            .values(profile_id=profile_id)
        )
