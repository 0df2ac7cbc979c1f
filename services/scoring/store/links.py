"""Links on the tables: all evidence is stored, also that of refused links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles import linking
from services.scoring.core.profiles.linking import Link, Pair, too_many_links
from services.scoring.store.tables import links
from shared.database import bulk, quick


def write(connection: sa.Connection, evidence: Mapping[Pair, Link]) -> list[Link]:
    """Store the evidence of links; return the links for which it is the first or an earlier evidence."""
    rows = [_row(link) for _, link in sorted(evidence.items())]
    written = bulk.upsert_older(connection, links, rows, ("occurred_at", "event_id"))
    return [link for pair, link in evidence.items() if pair in written]


def crowded(connection: sa.Connection, evidence: Iterable[Link]) -> set[str]:
    """Return which identities of the links have more links than are heeded."""
    ids = sorted({i for link in evidence for i in link.pair})
    if not ids:
        return set()
    parameters = {"ids": ids, "most": linking.MAX_LINKS}
    return {identity_id for (identity_id,) in quick.rows(connection, _crowded(connection), parameters)}


@bulk.built_once
def _crowded(on_postgresql: bool) -> sa.Select[str]:
    each, most = bulk.listed(on_postgresql, links.c.one_id, "ids"), sa.bindparam("most", type_=sa.Integer)

    def some(end: sa.Column[str]) -> sa.ScalarSelect[int]:
        # Count no further than needed: an identity may have very many links.
        few = sa.select(sa.literal(1)).where(end == each.c.value).limit(most + 1)
        return (
            sa.select(sa.func.count())
            .select_from(few.correlate(each).subquery())
            .correlate(each)
            .scalar_subquery()
        )

    many = some(links.c.one_id) + some(links.c.other_id) > most
    return sa.select(each.c.value).where(many)


def earliest(connection: sa.Connection, identity_ids: Collection[str]) -> dict[str, dict[Pair, Link]]:
    """Return for each identity the links that are heeded as far as this identity is concerned."""
    found: dict[str, dict[Pair, Link]] = {i: {} for i in identity_ids}
    if not found:
        return found
    halves = [
        sa.select(end.label("of_id"), *links.c).where(bulk.any_of(connection, end, sorted(found)))
        for end in (links.c.one_id, links.c.other_id)
    ]
    both = sa.union_all(*halves).subquery()
    in_order = (both.c.occurred_at, both.c.event_id, both.c.other_id, both.c.one_id)
    number = sa.func.row_number().over(partition_by=both.c.of_id, order_by=in_order)
    numbered = sa.select(both, number.label("number")).subquery()
    rows = connection.execute(sa.select(numbered).where(numbered.c.number <= linking.MAX_LINKS))
    for of_id, *columns, _ in rows:
        link = Link(*columns)
        found[of_id][link.pair] = link
    return found


def _row(link: Link) -> dict[str, Any]:
    return dict(zip(links.c.keys(), link, strict=True))


def holding(connection: sa.Connection, identity_ids: Collection[str]) -> list[Link]:
    """Return the links that hold and whose first identity is one of these."""
    of_these = bulk.any_of(connection, links.c.one_id, sorted(set(identity_ids)))
    return _read(connection, of_these & links.c.refused.is_(None))


def _read(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Link]:
    return [Link(*row) for row in connection.execute(sa.select(links).where(where))]


def page_of_profile(
    connection: sa.Connection, identity_ids: Collection[str], after: Sequence[Any], limit: int
) -> list[Link]:
    """Return links of any of the identities, in the order in which they were made.

    The page begins after `after`, a `Link.order`, or with the first link if it is empty.
    """
    order = [links.c[name] for name in ("occurred_at", "event_id", "other_id", "one_id")]
    query = sa.select(links).where(_touching(connection, identity_ids)).order_by(*order).limit(limit)
    if after:
        bound = [sa.literal(part, column.type) for part, column in zip(after, order, strict=True)]
        query = query.where(sa.tuple_(*order) > sa.tuple_(*bound))
    return [Link(*row) for row in connection.execute(query)]


def _touching(connection: sa.Connection, identity_ids: Collection[str]) -> sa.ColumnElement[bool]:
    ids = sorted(identity_ids)
    return bulk.any_of(connection, links.c.one_id, ids) | bulk.any_of(connection, links.c.other_id, ids)


def component(connection: sa.Connection, seeds: Iterable[str]) -> list[Link]:
    """Return every heeded link of the seeds' connected components, in which refused links count too."""
    found: dict[Pair, Link] = {}
    seen: set[str] = set()
    reached = set(seeds)
    of_each = earliest(connection, reached)
    while reached:
        seen |= reached
        near = {pair: link for i in sorted(reached) for pair, link in of_each[i].items()}
        far = {i for pair in near for i in pair}
        of_each |= earliest(connection, far - of_each.keys())
        new = {pair: link for pair, link in near.items() if all(pair in of_each[i] for i in pair)}
        found |= new
        reached = {i for pair in new for i in pair} - seen
    return [found[pair] for pair in sorted(found)]


def write_refused(connection: sa.Connection, known: Iterable[Link], why: Mapping[Pair, str | None]) -> None:
    """Store for each link whether it is refused and why, where that has changed."""
    changed = [
        link._replace(refused=why[link.pair])
        for link in known
        if link.pair in why and why[link.pair] != link.refused
    ]
    bulk.upsert(connection, links, [_row(link) for link in sorted(changed)])


def refuse_displaced(connection: sa.Connection, crowded: Collection[str], heeded: Iterable[Link]) -> None:
    """Refuse the links of crowded identities that hold though they are not among the links in `heeded`."""
    pairs = {link.pair for link in heeded}
    holding = _read(connection, _touching(connection, crowded) & links.c.refused.is_(None))
    displaced = [link for link in holding if link.pair not in pairs]
    write_refused(connection, displaced, dict.fromkeys((link.pair for link in displaced), too_many_links()))
