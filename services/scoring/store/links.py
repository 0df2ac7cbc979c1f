"""Links and separations on the tables: all evidence is kept, also that of links that were refused."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.linking import Link, People, Side
from services.scoring.tables import links, separations
from shared.database import bulk
from shared.events import Separation


async def write(connection: AsyncConnection, people: People) -> set[str]:
    """Keep the evidence of the batch's links; return identities among which links have to be taken anew.

    A link that was objected to is simply refused when it was made after all that hold the two groups
    together, for then nothing depends on it.
    """
    contested = people.contested
    before = {(one.one, one.other): one for one in await _read_pairs(connection, contested)}
    rows = [_row(link) for _, link in sorted(people.links.items())]
    await bulk.upsert(connection, links, rows, older_by=("occurred_at", "event_id"))
    new = [link for link in contested if not _is_refused_already(link, before.get((link.one, link.other)))]
    if not new:
        return set()
    groups = [(link, {**people.of(link.one).identities, **people.of(link.other).identities}) for link in new]
    holding = await _holding(connection, [i for _, group in groups for i in group])
    for link, group in groups:
        if any(held.order > link.order for held in holding if held.one in group):
            return {i for one in new for i in (one.one, one.other)}
    why = {(link.one, link.other): people.objection(link) for link in new}
    await write_refused(connection, new, why)
    return set()


def _is_refused_already(link: Link, known: Link | None) -> bool:
    return known is not None and known.refused is not None and known.order <= link.order


def _row(link: Link) -> dict[str, Any]:
    return dict(zip(links.c.keys(), link, strict=True))


async def _read_pairs(connection: AsyncConnection, wanted: Sequence[Link]) -> list[Link]:
    if not wanted:
        return []
    pairs = {(link.one, link.other) for link in wanted}
    found = await _read(
        connection, bulk.any_of(connection, links.c.one_id, sorted({one for one, _ in pairs}))
    )
    return [link for link in found if (link.one, link.other) in pairs]


async def _holding(connection: AsyncConnection, identity_ids: Collection[str]) -> list[Link]:
    """Return the links that hold and of which one of these identities is the first."""
    of_these = bulk.any_of(connection, links.c.one_id, sorted(set(identity_ids)))
    return await _read(connection, of_these & links.c.refused.is_(None))


async def _read(connection: AsyncConnection, where: sa.ColumnElement[bool]) -> list[Link]:
    return [Link(*row) for row in await connection.execute(sa.select(links).where(where))]


async def of_person(connection: AsyncConnection, identity_ids: Collection[str]) -> list[Link]:
    """Return all links that touch any of the identities, in the order in which they were made."""
    ids = sorted(identity_ids)
    touching = bulk.any_of(connection, links.c.one_id, ids) | bulk.any_of(connection, links.c.other_id, ids)
    return sorted(await _read(connection, touching), key=lambda link: link.order)


async def component(connection: AsyncConnection, seeds: Iterable[str]) -> list[Link]:
    """Return every link that is connected with the seeds, also over links that were refused."""
    found: dict[tuple[str, str], Link] = {}
    seen: set[str] = set()
    reached = set(seeds)
    while reached:
        seen |= reached
        new = await of_person(connection, reached)
        found |= {(link.one, link.other): link for link in new}
        reached = {i for link in new for i in (link.one, link.other)} - seen
    return [found[pair] for pair in sorted(found)]


async def write_refused(
    connection: AsyncConnection, known: Iterable[Link], why: Mapping[tuple[str, str], str | None]
) -> None:
    """Note of each link whether it is refused and why, where that has changed."""
    changed = [
        link._replace(refused=why[link.one, link.other])
        for link in known
        if (link.one, link.other) in why and why[link.one, link.other] != link.refused
    ]
    await bulk.upsert(connection, links, [_row(link) for link in sorted(changed)])


async def new_among(connection: AsyncConnection, told: Sequence[Separation]) -> list[Separation]:
    """Return those of the separations that the table does not have."""
    if not told:
        return []
    of_these = bulk.any_of(connection, separations.c.separation_id, sorted({one.id for one in told}))
    of_whom = bulk.any_of(
        connection, separations.c.identity_id, sorted({i.id for one in told for i in one.identities})
    )
    known = await connection.execute(sa.select(separations.c.separation_id).where(of_whom, of_these))
    known_ids = set(known.scalars())
    return [one for one in told if one.id not in known_ids]


async def write_separations(connection: AsyncConnection, told: Sequence[Separation]) -> set[str]:
    """Keep the separations that are new and return the ids of the identities that they part."""
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
    return await bulk.insert_new(connection, separations, "identity_id", rows)


async def read_sides(connection: AsyncConnection, identity_ids: Collection[str]) -> dict[str, list[Side]]:
    """Return the sides of separations that each of the identities is on."""
    if not identity_ids:
        return {}
    rows = await connection.execute(
        sa.select(separations.c.identity_id, separations.c.separation_id, separations.c.other).where(
            bulk.any_of(connection, separations.c.identity_id, sorted(identity_ids))
        )
    )
    sides: dict[str, list[Side]] = {}
    for identity_id, separation_id, other in rows:
        sides.setdefault(identity_id, []).append(Side(separation_id, other))
    return sides
