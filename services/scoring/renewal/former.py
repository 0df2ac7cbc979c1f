"""Former ids: where the ids of identities lead that are not those of any identity today."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.current import Current
from services.scoring.fold_tables import former_ids
from services.scoring.renewal.evidence import moved
from services.scoring.replay.snapshot import PAGE
from services.scoring.tables import identities
from shared.database import bulk
from shared.database.engine import Database
from shared.identity import Identity

# Strangers without number may have shared one value that names nobody; who they are then, no id can tell.
MAX_LED_TO: Final = 20


async def find(copy: Database, rebuilt: Database, current: Current) -> None:
    """Fill the rebuild's table of former ids; `evidence.gather` came before.

    An identity that is not there any more leads to the one of its form of today, else to those that its
    interactions are attributed to, else to whoever was one person with it.
    """
    async for page in _gone(copy, rebuilt):
        async with rebuilt.unit() as connection:
            await _write(connection, await _by_form(connection, page, current))
            left = await _unknown(connection, [row.id for row in page])
            await _write(connection, await _by_deeds(connection, left))
    async for page in _gone(copy, rebuilt):
        async with rebuilt.unit() as connection, copy.reading() as live:
            left = await _unknown(connection, [row.id for row in page])
            profiles = {row.id: row.profile_id for row in page if row.id in left}
            await _write(connection, await _by_person(connection, live, profiles))
    async for page in _pages(copy, former_ids):
        async with rebuilt.unit() as connection:
            still = await _there(connection, [row.id for row in page])
            pairs = [(row.id, row.identity_id) for row in page if row.id not in still]
            await _write(connection, await _followed(connection, pairs))


async def _gone(copy: Database, rebuilt: Database) -> AsyncIterator[list[sa.Row[Any]]]:
    """Yield the identities of the live tables that the rebuild has not."""
    async for page in _pages(copy, identities):
        async with rebuilt.reading() as connection:
            there = await _there(connection, [row.id for row in page])
        yield [row for row in page if row.id not in there]


async def _pages(copy: Database, table: sa.Table) -> AsyncIterator[Sequence[sa.Row[Any]]]:
    async with copy.reading() as connection:
        rows = await connection.stream(sa.select(table), execution_options={"yield_per": PAGE})
        async for page in rows.partitions():
            yield page


async def _by_form(
    connection: AsyncConnection, gone: Iterable[sa.Row[Any]], current: Current
) -> list[tuple[str, str]]:
    forms = {row.id: current.identity(Identity(row.kind, row.value)) for row in gone}
    ids = {former: form.id for former, form in forms.items() if form is not None}
    there = await _there(connection, list(ids.values()))
    return [(former, today) for former, today in ids.items() if today in there]


async def _by_deeds(connection: AsyncConnection, ids: Sequence[str]) -> list[tuple[str, str]]:
    place = sa.func.row_number().over(partition_by=moved.c.old_id, order_by=moved.c.new_id)
    of_these = bulk.any_of(connection, moved.c.old_id, ids)
    placed = sa.select(moved, place.label("place")).where(of_these).subquery()
    query = sa.select(placed.c.old_id, placed.c.new_id).where(placed.c.place <= MAX_LED_TO)
    return [(old_id, new_id) for old_id, new_id in await connection.execute(query)]


async def _by_person(
    connection: AsyncConnection, live: AsyncConnection, profiles: dict[str, str]
) -> list[tuple[str, str]]:
    """Return where those lead who were one person with each of the identities, by their profiles of then."""
    of_profiles = bulk.any_of(live, identities.c.profile_id, sorted(set(profiles.values())))
    rows = await live.execute(sa.select(identities.c.profile_id, identities.c.id).where(of_profiles))
    members: dict[str, list[str]] = {}
    for profile_id, identity_id in rows:
        members.setdefault(profile_id, []).append(identity_id)
    pairs = [(i, other) for i, profile_id in profiles.items() for other in members[profile_id] if other != i]
    followed = await _followed(connection, pairs)
    led_to: dict[str, set[str]] = {}
    for i, today in followed:
        led_to.setdefault(i, set()).add(today)
    return [(i, today) for i, ids in led_to.items() for today in sorted(ids)[:MAX_LED_TO]]


async def _followed(connection: AsyncConnection, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with the identities of today in the place of former ones."""
    ends = sorted({end for _, end in pairs})
    there = await _there(connection, ends)
    query = sa.select(former_ids).where(bulk.any_of(connection, former_ids.c.id, ends))
    led_to: dict[str, list[str]] = {end: [end] for end in there}
    for former, today in await connection.execute(query):
        led_to.setdefault(former, []).append(today)
    return [(i, today) for i, end in pairs for today in led_to.get(end, ())]


async def _there(connection: AsyncConnection, ids: Sequence[str]) -> set[str]:
    query = sa.select(identities.c.id).where(bulk.any_of(connection, identities.c.id, ids))
    return set((await connection.execute(query)).scalars())


async def _unknown(connection: AsyncConnection, ids: Sequence[str]) -> list[str]:
    """Return those of the former ids of which it is not known yet where they lead."""
    query = sa.select(former_ids.c.id).where(bulk.any_of(connection, former_ids.c.id, ids))
    return sorted(set(ids) - set((await connection.execute(query)).scalars()))


async def _write(connection: AsyncConnection, pairs: Iterable[tuple[str, str]]) -> None:
    rows = [{"id": former, "identity_id": today} for former, today in sorted(set(pairs))]
    await bulk.insert_new(connection, former_ids, "id", rows)
