"""Former ids: which identities of today the ids of past identities lead to."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.rebuild.renewal.evidence import moved
from services.scoring.rebuild.snapshot import PAGE
from services.scoring.store.fold_tables import former_ids
from services.scoring.store.tables import identities
from shared.database import bulk
from shared.database.engine import Database
from shared.identity import Identity

# Any number of strangers may have shared a placeholder; such an id cannot identify a profile.
MAX_LED_TO: Final = 20


async def find(copy: Database, rebuilt: Database, current: Current) -> None:
    """Fill the rebuild's table of former ids; `evidence.gather` came before.

    An identity that no longer exists leads to the identity of its form of today, else to the identities that
    its interactions are attributed to, else to the identities that were in one profile with it.
    """
    async with aclosing(_gone(copy, rebuilt)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_follow_form_or_deeds, page=page, current=current))
    async with aclosing(_gone(copy, rebuilt)) as pages:
        async for page in pages:
            members = await copy.read(partial(_members, profiles={row.profile_id for row in page}))
            await rebuilt.unit(partial(_follow_person, page=page, members=members))
    async with aclosing(copy.pages(sa.select(former_ids), PAGE)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_follow_former, page=page))


async def _gone(copy: Database, rebuilt: Database) -> AsyncGenerator[list[sa.Row[Any]]]:
    """Yield the identities of the live tables that the rebuild lacks."""
    async with aclosing(copy.pages(sa.select(identities), PAGE)) as pages:
        async for page in pages:
            there = await rebuilt.read(partial(_there, ids=[row.id for row in page]))
            yield [row for row in page if row.id not in there]


def _follow_form_or_deeds(connection: sa.Connection, page: Sequence[sa.Row[Any]], current: Current) -> None:
    _write(connection, _by_form(connection, page, current))
    left = _unknown(connection, [row.id for row in page])
    _write(connection, _by_deeds(connection, left))


def _follow_person(
    connection: sa.Connection, page: Sequence[sa.Row[Any]], members: Mapping[str, Sequence[str]]
) -> None:
    left = set(_unknown(connection, [row.id for row in page]))
    profiles = {row.id: row.profile_id for row in page if row.id in left}
    _write(connection, _by_person(connection, members, profiles))


def _follow_former(connection: sa.Connection, page: Sequence[sa.Row[Any]]) -> None:
    """Let the former ids of the live tables lead to the identities of today."""
    still = _there(connection, [row.id for row in page])
    pairs = [(row.id, row.identity_id) for row in page if row.id not in still]
    _write(connection, _followed(connection, pairs))


def _by_form(
    connection: sa.Connection, gone: Iterable[sa.Row[Any]], current: Current
) -> list[tuple[str, str]]:
    forms = {row.id: current.identity(Identity(row.kind, row.value)) for row in gone}
    ids = {former: form.id for former, form in forms.items() if form is not None}
    there = _there(connection, list(ids.values()))
    return [(former, today) for former, today in ids.items() if today in there]


def _by_deeds(connection: sa.Connection, ids: Sequence[str]) -> list[tuple[str, str]]:
    place = sa.func.row_number().over(partition_by=moved.c.old_id, order_by=moved.c.new_id)
    of_these = bulk.any_of(connection, moved.c.old_id, ids)
    placed = sa.select(moved, place.label("place")).where(of_these).subquery()
    query = sa.select(placed.c.old_id, placed.c.new_id).where(placed.c.place <= MAX_LED_TO)
    return [(old_id, new_id) for old_id, new_id in connection.execute(query)]


def _members(live: sa.Connection, profiles: Collection[str]) -> dict[str, list[str]]:
    """Return the identities of each of the profiles in the live tables."""
    of_profiles = bulk.any_of(live, identities.c.profile_id, sorted(profiles))
    rows = live.execute(sa.select(identities.c.profile_id, identities.c.id).where(of_profiles))
    members: dict[str, list[str]] = {}
    for profile_id, identity_id in rows:
        members.setdefault(profile_id, []).append(identity_id)
    return members


def _by_person(
    connection: sa.Connection, members: Mapping[str, Sequence[str]], profiles: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the former ids with the identities that were in one profile with each, in today's ids."""
    pairs = [(i, other) for i, profile_id in profiles.items() for other in members[profile_id] if other != i]
    followed = _followed(connection, pairs)
    led_to: dict[str, set[str]] = {}
    for i, today in followed:
        led_to.setdefault(i, set()).add(today)
    return [(i, today) for i, ids in led_to.items() for today in sorted(ids)[:MAX_LED_TO]]


def _followed(connection: sa.Connection, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with each second id replaced by the identities of today."""
    ends = sorted({end for _, end in pairs})
    there = _there(connection, ends)
    query = sa.select(former_ids).where(bulk.any_of(connection, former_ids.c.id, ends))
    led_to: dict[str, list[str]] = {end: [end] for end in there}
    for former, today in connection.execute(query):
        led_to.setdefault(former, []).append(today)
    return [(i, today) for i, end in pairs for today in led_to.get(end, ())]


def _there(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    query = sa.select(identities.c.id).where(bulk.any_of(connection, identities.c.id, ids))
    return set(connection.execute(query).scalars())


def _unknown(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    """Return the former ids that do not lead anywhere yet."""
    query = sa.select(former_ids.c.id).where(bulk.any_of(connection, former_ids.c.id, ids))
    return sorted(set(ids) - set(connection.execute(query).scalars()))


def _write(connection: sa.Connection, pairs: Iterable[tuple[str, str]]) -> None:
    rows = [{"id": former, "identity_id": today} for former, today in sorted(set(pairs))]
    bulk.insert_new(connection, former_ids, "id", rows)
