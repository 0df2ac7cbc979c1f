"""Links and separations on the tables: all evidence is stored, also that of refused links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.core.profiles import linking
from services.scoring.core.profiles.linking import Link, Pair, Profiles, Side
from services.scoring.store.tables import links, separations
from services.scoring.store.users import may_have_aliases
from shared.database import bulk, quick
from shared.events import Separation


def write(connection: sa.Connection, told: Mapping[Pair, Link]) -> list[Link]:
    """Store the evidence of links; return the links for which it is the first or an earlier evidence."""
    rows = [_row(link) for _, link in sorted(told.items())]
    written = bulk.upsert_older(connection, links, rows, ("occurred_at", "event_id"))
    return [link for pair, link in told.items() if pair in written]


def crowded(connection: sa.Connection, told: Iterable[Link]) -> set[str]:
    """Return which identities of the links have more links than are heeded."""
    ids = sorted({i for link in told for i in link.pair})
    if not ids:
        return set()
    asked = {"ids": ids, "most": linking.MAX_LINKS}
    return {identity_id for (identity_id,) in quick.rows(connection, _crowded(connection), asked)}


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


def heeded(connection: sa.Connection, crowded: set[str], told: Iterable[Link]) -> tuple[list[Link], set[str]]:
    """Return the links that are among the earliest of their identities, and the identities they affect.

    These are the crowded identities whose earliest links change, even if the new link is not heeded for its
    other identity, and all identities linked with them.
    """
    earliest = _earliest(connection, crowded)
    kept: list[Link] = []
    concerned: set[str] = set()
    for link in told:
        crowded_ends = crowded & set(link.pair)
        places = [i for i in crowded_ends if link.pair in earliest[i]]
        concerned.update(link.pair if places else ())
        if len(places) == len(crowded_ends):
            kept.append(link)
    return kept, concerned


def _earliest(connection: sa.Connection, identity_ids: Collection[str]) -> dict[str, dict[Pair, Link]]:
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
    place = sa.func.row_number().over(partition_by=both.c.of_id, order_by=in_order)
    placed = sa.select(both, place.label("place")).subquery()
    rows = connection.execute(sa.select(placed).where(placed.c.place <= linking.MAX_LINKS))
    for of_id, *columns, _ in rows:
        link = Link(*columns)
        found[of_id][link.pair] = link
    return found


def refuse_contested(connection: sa.Connection, people: Profiles) -> set[str]:
    """Refuse the links that a rule objected to, or return identities whose links must all be applied again.

    A link is simply refused when it was made after every link within its two groups, because then no other
    link depends on it.
    """
    new = people.contested
    if not new:
        return set()
    groups = [(link, {**people.of(link.one).identities, **people.of(link.other).identities}) for link in new]
    # The rules that objected did not consider aliases, which are rare.
    if may_have_aliases(connection, (group for _, group in groups)):
        return {i for one in new for i in one.pair}
    holding = _holding(connection, [i for _, group in groups for i in group])
    for link, group in groups:
        if any(held.order > link.order for held in holding if held.one in group):
            return {i for one in new for i in one.pair}
    write_refused(connection, new, {link.pair: people.objection(link) for link in new})
    return set()


def _row(link: Link) -> dict[str, Any]:
    return dict(zip(links.c.keys(), link, strict=True))


def _holding(connection: sa.Connection, identity_ids: Collection[str]) -> list[Link]:
    """Return the links that hold and whose first identity is one of these."""
    of_these = bulk.any_of(connection, links.c.one_id, sorted(set(identity_ids)))
    return _read(connection, of_these & links.c.refused.is_(None))


def _read(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Link]:
    return [Link(*row) for row in connection.execute(sa.select(links).where(where))]


def page_of_person(
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
    earliest = _earliest(connection, reached)
    while reached:
        seen |= reached
        near = {pair: link for i in sorted(reached) for pair, link in earliest[i].items()}
        far = {i for pair in near for i in pair}
        earliest |= _earliest(connection, far - earliest.keys())
        new = {pair: link for pair, link in near.items() if all(pair in earliest[i] for i in pair)}
        found |= new
        reached = {i for pair in new for i in pair} - seen
    return [found[pair] for pair in sorted(found)]


def displaced(connection: sa.Connection, crowded: Collection[str], kept: Iterable[Link]) -> list[Link]:
    """Return the links of crowded identities that hold though they are not among the links in `kept`."""
    pairs = {link.pair for link in kept}
    holding = _read(connection, _touching(connection, crowded) & links.c.refused.is_(None))
    return [link for link in holding if link.pair not in pairs]


def write_refused(connection: sa.Connection, known: Iterable[Link], why: Mapping[Pair, str | None]) -> None:
    """Store for each link whether it is refused and why, where that has changed."""
    changed = [
        link._replace(refused=why[link.pair])
        for link in known
        if link.pair in why and why[link.pair] != link.refused
    ]
    bulk.upsert(connection, links, [_row(link) for link in sorted(changed)])


def new_among(connection: sa.Connection, told: Sequence[Separation]) -> list[Separation]:
    """Return the separations that the table does not have."""
    if not told:
        return []
    of_these = bulk.any_of(connection, separations.c.separation_id, sorted({one.id for one in told}))
    of_whom = bulk.any_of(
        connection, separations.c.identity_id, sorted({i.id for one in told for i in one.identities})
    )
    known = connection.execute(sa.select(separations.c.separation_id).where(of_whom, of_these))
    known_ids = set(known.scalars())
    return [one for one in told if one.id not in known_ids]


def write_separations(connection: sa.Connection, told: Sequence[Separation]) -> set[str]:
    """Store the new separations and return the ids of the identities that they separate."""
    rows: list[dict[str, Any]] = [
        {
            "identity_id": identity.id,
            "separation_id": one.id,
            "other": other,
            "reason": one.reason,
            "author": one.author,
            "separated_at": one.separated_at,
        }
        for one in {one.id: one for one in told}.values()
        for other, side in ((False, one.identities), (True, one.others))
        for identity in side
    ]
    return bulk.insert_new(connection, separations, "identity_id", rows)


def read_sides(connection: sa.Connection, identity_ids: Collection[str]) -> dict[str, list[Side]]:
    """Return the sides of separations that each of the identities is on."""
    if not identity_ids:
        return {}
    rows = quick.rows(connection, _sides(connection), {"ids": sorted(identity_ids)})
    sides: dict[str, list[Side]] = {}
    for identity_id, separation_id, other in rows:
        sides.setdefault(identity_id, []).append(Side(separation_id, other))
    return sides


@bulk.built_once
def _sides(on_postgresql: bool) -> sa.Select[str, str, bool]:
    of_these = bulk.among(on_postgresql, separations.c.identity_id, "ids")
    query = sa.select(separations.c.identity_id, separations.c.separation_id, separations.c.other)
    return query.where(of_these)
