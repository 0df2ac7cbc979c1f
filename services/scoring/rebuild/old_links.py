"""Links from before evidence was stored, compared with the evidence that the log has for them.

Migration 0002 found profiles without evidence, and linked the identities of each with the least of them. The
log has the evidence, so a rebuild comes to other links, though to the same profiles; it also has refused
links, which were not stored at all. Here the copy of the live tables adopts the evidence of the log where
both agree on the profiles. What is left is a real difference.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Link, too_many_links
from services.scoring.store.tables import flipped, identities, links
from shared.database import bulk
from shared.database.engine import Database
from shared.database.schema import Key

PAGE: Final = 5_000
BEFORE: Final = "before-links-were-kept"

# For each identity of an old link, the least identity of its profile at that time.
_old = sa.Table(
    "old_persons",
    sa.MetaData(),
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("least_id", Key, nullable=False),
)
_is_old = links.c.event_id == BEFORE


class _Persons(NamedTuple):
    """The live profile of each identity, and its old profile if that had several identities."""

    now: Mapping[str, str]
    old: Mapping[str, str]


async def adopt(copy: Database, rebuilt: Database) -> int:
    """Let the copy adopt the evidence of the log; return for how many of its old links there is evidence."""
    if not await copy.unit(_note_old_persons):
        return 0
    adopted = 0
    async with aclosing(_pages(copy, links, _is_old)) as pages:
        async for page in pages:
            told = [Link(*row) for row in page]
            profiles = await rebuilt.read(partial(_persons, told=told))
            agreed = [link for link in told if _joins(link, profiles) == (link.refused is None)]
            await copy.unit(partial(_delete, table=links, keys=[link.pair for link in agreed]))
            adopted += len(agreed)
    async with aclosing(_pages(rebuilt, links)) as pages:
        async for page in pages:
            await copy.unit(partial(_take_over, told=[Link(*row) for row in page]))
    async with aclosing(_pages(copy, flipped)) as pages:
        async for page in pages:
            await _let_go(copy, rebuilt, page)
    return adopted


def _note_old_persons(connection: sa.Connection) -> bool:
    """Store which identities were one profile by the old links of the copy; return whether there are any."""
    if connection.execute(sa.select(links.c.one_id).where(_is_old).limit(1)).first() is None:
        return False
    _old.create(connection)
    ends = sa.select(links.c.one_id, links.c.one_id).where(_is_old)
    ends = ends.union(sa.select(links.c.other_id, links.c.one_id).where(_is_old))
    connection.execute(
        sa.insert(_old).from_select(["identity_id", "least_id"], ends).prefix_with("or ignore")
    )
    return True


def _take_over(connection: sa.Connection, told: Sequence[Link]) -> None:
    """Write the rebuild's links into the copy if their evidence may be from before evidence was stored."""
    first, last = (sa.tuple_(*map(sa.literal, link.pair)) for link in (told[0], told[-1]))
    key = sa.tuple_(*links.primary_key)
    rows = connection.execute(sa.select(links).where(key >= first, key <= last))
    live = {link.pair: link for link in (Link(*row) for row in rows)}
    other = [link for link in told if live.get(link.pair) != link]
    profiles = _Persons(
        _persons(connection, other), _mapped(connection, _old.c.identity_id, _old.c.least_id, other)
    )
    kept = [link for link in other if _may_be_from_before(link, live.get(link.pair), profiles)]
    bulk.upsert(connection, links, [dict(zip(links.c.keys(), link, strict=True)) for link in kept])


def _may_be_from_before(link: Link, live: Link | None, profiles: _Persons) -> bool:
    """Return whether only the age of a rebuilt link can explain that the live tables lack it.

    `live` is the live link of the same pair: evidence that came later.
    """
    if live is not None:
        same_verdict = (live.refused is None) == (link.refused is None)
        if live.event_id == BEFORE or not same_verdict or live.order < link.order:
            return False
    one, other = profiles.old.get(link.one), profiles.old.get(link.other)
    if link.refused is None:
        return one is not None and one == other and _joins(link, profiles.now)
    apart = not _joins(link, profiles.now) or link.refused == too_many_links()
    return apart and (one is not None or other is not None)


async def _let_go(copy: Database, rebuilt: Database, page: Sequence[Any]) -> None:
    """Remove from the copy the identities that were only assumed to have flipped with their old profile."""
    known = await rebuilt.read(partial(_in_cycles_of, page=page))
    flippers: dict[tuple[str, str, int], set[str]] = {}
    for identity_id, *cycle in known:
        flippers.setdefault((cycle[0], cycle[1], cycle[2]), set()).add(identity_id)

    def without_assumed(connection: sa.Connection) -> None:
        ids = sorted({row.identity_id for row in (*page, *known)})
        old = _by_id(connection, _old.c.identity_id, _old.c.least_id, ids)
        assumed: list[tuple[Any, ...]] = []
        for identity_id, *cycle in page:
            told = flippers.get((cycle[0], cycle[1], cycle[2]), set())
            mine = old.get(identity_id)
            if identity_id not in told and mine is not None and mine in {old.get(i) for i in told}:
                assumed.append((identity_id, *cycle))
        _delete(connection, flipped, assumed)

    await copy.unit(without_assumed)


def _in_cycles_of(connection: sa.Connection, page: Sequence[Any]) -> Sequence[sa.Row[Any]]:
    """Return the identities that flipped in any cycle of the profiles on a page."""
    of_these = bulk.any_of(connection, flipped.c.profile_id, sorted({row.profile_id for row in page}))
    return connection.execute(sa.select(flipped).where(of_these)).all()


def _joins(link: Link, person_of: Mapping[str, str]) -> bool:
    """Return whether both identities of a link belong to one profile."""
    one = person_of.get(link.one)
    return one is not None and one == person_of.get(link.other)


def _persons(connection: sa.Connection, told: Sequence[Link]) -> Mapping[str, str]:
    return _mapped(connection, identities.c.id, identities.c.profile_id, told)


def _mapped(
    connection: sa.Connection, key: sa.Column[str], value: sa.Column[str], told: Sequence[Link]
) -> Mapping[str, str]:
    return _by_id(connection, key, value, sorted({i for link in told for i in link.pair}))


def _by_id(
    connection: sa.Connection, key: sa.Column[str], value: sa.Column[str], ids: Sequence[str]
) -> Mapping[str, str]:
    rows = connection.execute(sa.select(key, value).where(bulk.any_of(connection, key, ids)))
    return {one: other for one, other in rows}  # noqa: C416 - typed


def _delete(connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete the rows with these values of the table's first columns, which are its key."""
    names = table.c.keys()[: len(keys[0])] if keys else []
    if names:
        is_it = sa.and_(*(table.c[name] == sa.bindparam(f"its_{name}") for name in names))
        each = [{f"its_{name}": part for name, part in zip(names, key, strict=True)} for key in keys]
        connection.execute(sa.delete(table).where(is_it), each)


async def _pages(
    database: Database, table: sa.Table, where: sa.ColumnElement[bool] | None = None
) -> AsyncGenerator[Sequence[Any]]:
    """Yield the rows of a table in the order of their key; the table may be changed meanwhile."""
    key = list(table.primary_key)
    query = sa.select(table).order_by(*key).limit(PAGE)
    if where is not None:
        query = query.where(where)
    further = query
    while page := await database.read(partial(_all, query=further)):
        yield page
        after = (sa.literal(getattr(page[-1], column.name)) for column in key)
        further = query.where(sa.tuple_(*key) > sa.tuple_(*after))


def _all(connection: sa.Connection, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    return connection.execute(query).all()
