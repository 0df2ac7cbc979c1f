"""Links from before evidence was stored, and who was one profile by them, in the copy of the live tables."""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.core.profiles.linking import Link, Pair
from services.scoring.store.tables import cycle_identities, identities, links
from shared.database import bulk
from shared.database.engine import Database
from shared.database.schema import Key

BEFORE: Final = "before-links-were-kept"

# For each identity of an old link, the least identity of its profile at that time.
_old = sa.Table(
    "old_persons",
    sa.MetaData(),
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("least_id", Key, nullable=False),
)
_is_old = links.c.event_id == BEFORE


def note_old_profiles(connection: sa.Connection) -> bool:
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


def old_links(database: Database, size: int) -> AsyncGenerator[Sequence[Any]]:
    """Yield the old links in pages; the links may be changed meanwhile."""
    return _pages(database, links, size, _is_old)


def all_links(database: Database, size: int) -> AsyncGenerator[Sequence[Any]]:
    """Yield all links in pages, in the order of their pairs."""
    return _pages(database, links, size)


def all_flipped(database: Database, size: int) -> AsyncGenerator[Sequence[Any]]:
    """Yield the identities that flipped, with their cycles, in pages; they may be changed meanwhile."""
    return _pages(database, cycle_identities, size)


def links_between(connection: sa.Connection, first: Pair, last: Pair) -> dict[Pair, Link]:
    """Return the links from one pair to another, both included, in the order of their pairs."""
    start, end = (sa.tuple_(*map(sa.literal, pair)) for pair in (first, last))
    key = sa.tuple_(*links.primary_key)
    rows = connection.execute(sa.select(links).where(key >= start, key <= end))
    return {link.pair: link for link in (Link(*row) for row in rows)}


def write_links(connection: sa.Connection, evidence: Iterable[Link]) -> None:
    """Write links over the stored ones."""
    bulk.upsert(connection, links, [dict(zip(links.c.keys(), link, strict=True)) for link in evidence])


def delete_links(connection: sa.Connection, pairs: Sequence[Pair]) -> None:
    """Delete the links of these pairs."""
    _delete(connection, links, pairs)


def profiles_of(connection: sa.Connection, ids: Collection[str]) -> Mapping[str, str]:
    """Return the profile of each of these identities."""
    return _by_id(connection, identities.c.id, identities.c.profile_id, ids)


def old_profiles_of(connection: sa.Connection, ids: Collection[str]) -> Mapping[str, str]:
    """Return the least identity of the old profile of each of these identities, if that had several."""
    return _by_id(connection, _old.c.identity_id, _old.c.least_id, ids)


def flipped_in_cycles_of(connection: sa.Connection, profile_ids: Collection[str]) -> Sequence[sa.Row[Any]]:
    """Return the identities that flipped in any cycle of these profiles, with the cycles."""
    of_these = bulk.any_of(connection, cycle_identities.c.profile_id, sorted(profile_ids))
    return connection.execute(sa.select(cycle_identities).where(of_these)).all()


def delete_flipped(connection: sa.Connection, keys: Sequence[tuple[Any, ...]]) -> None:
    """Remove identities from the cycles in which they flipped; keys are whole rows."""
    _delete(connection, cycle_identities, keys)


def _by_id(
    connection: sa.Connection, key: sa.Column[str], value: sa.Column[str], ids: Collection[str]
) -> Mapping[str, str]:
    rows = connection.execute(sa.select(key, value).where(bulk.any_of(connection, key, sorted(ids))))
    return {identity_id: profile_id for identity_id, profile_id in rows}  # noqa: C416 - typed


def _delete(connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Delete the rows with these values of the table's first columns, which are its key."""
    names = table.c.keys()[: len(keys[0])] if keys else []
    if names:
        is_it = sa.and_(*(table.c[name] == sa.bindparam(f"its_{name}") for name in names))
        each = [{f"its_{name}": part for name, part in zip(names, key, strict=True)} for key in keys]
        connection.execute(sa.delete(table).where(is_it), each)


async def _pages(
    database: Database, table: sa.Table, size: int, where: sa.ColumnElement[bool] | None = None
) -> AsyncGenerator[Sequence[Any]]:
    """Yield the rows of a table in the order of their key; the table may be changed meanwhile."""
    key = list(table.primary_key)
    query = sa.select(table).order_by(*key).limit(size)
    if where is not None:
        query = query.where(where)
    further = query
    while page := await database.read(partial(_all, query=further)):
        yield page
        after = (sa.literal(getattr(page[-1], column.name)) for column in key)
        further = query.where(sa.tuple_(*key) > sa.tuple_(*after))


def _all(connection: sa.Connection, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    return connection.execute(query).all()
