"""Links from before evidence was stored, compared with the evidence that the log has for them.

Migration 0002 found profiles without evidence, and linked the identities of each with the least of them. The
log has the evidence, so a rebuild comes to other links, though to the same profiles; it also has refused
links, which were not stored at all. Here the copy of the live tables adopts the evidence of the log where
both agree on the profiles. What is left is a real difference.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from services.scoring.core.profiles.linking import Link, too_many_links
from services.scoring.store.rebuild import old_links as rows
from shared.database.engine import Database

PAGE: Final = 5_000


class _OldAndNow(NamedTuple):
    """The live profile of each identity, and its old profile if that had several identities."""

    now: Mapping[str, str]
    old: Mapping[str, str]


async def adopt(copy: Database, rebuilt: Database) -> int:
    """Let the copy adopt the evidence of the log; return for how many of its old links there is evidence."""
    if not await copy.unit(rows.note_old_profiles):
        return 0
    adopted = 0
    async with aclosing(rows.old_links(copy, PAGE)) as pages:
        async for page in pages:
            links = [Link(*row) for row in page]
            profiles = await rebuilt.read(partial(rows.profiles_of, ids=_ends(links)))
            agreed = [link for link in links if _joins(link, profiles) == (link.refused is None)]
            await copy.unit(partial(rows.delete_links, pairs=[link.pair for link in agreed]))
            adopted += len(agreed)
    async with aclosing(rows.all_links(rebuilt, PAGE)) as pages:
        async for page in pages:
            await copy.unit(partial(_take_over, links=[Link(*row) for row in page]))
    async with aclosing(rows.all_flipped(copy, PAGE)) as pages:
        async for page in pages:
            await _let_go(copy, rebuilt, page)
    return adopted


def _take_over(connection: Connection, links: Sequence[Link]) -> None:
    """Write the rebuild's links into the copy if their evidence may be from before evidence was stored."""
    live = rows.links_between(connection, links[0].pair, links[-1].pair)
    other = [link for link in links if live.get(link.pair) != link]
    ids = _ends(other)
    profiles = _OldAndNow(rows.profiles_of(connection, ids), rows.old_profiles_of(connection, ids))
    adopted = [link for link in other if _may_be_from_before(link, live.get(link.pair), profiles)]
    rows.write_links(connection, adopted)


def _ends(links: Sequence[Link]) -> set[str]:
    return {i for link in links for i in link.pair}


def _may_be_from_before(link: Link, live: Link | None, profiles: _OldAndNow) -> bool:
    """Return whether only the age of a rebuilt link can explain that the live tables lack it.

    `live` is the live link of the same pair: evidence that came later.
    """
    if live is not None:
        same_verdict = (live.refused is None) == (link.refused is None)
        if live.event_id == rows.BEFORE or not same_verdict or live.order < link.order:
            return False
    first, other = profiles.old.get(link.first), profiles.old.get(link.other)
    if link.refused is None:
        return first is not None and first == other and _joins(link, profiles.now)
    apart = not _joins(link, profiles.now) or link.refused == too_many_links()
    return apart and (first is not None or other is not None)


async def _let_go(copy: Database, rebuilt: Database, page: Sequence[Any]) -> None:
    """Remove from the copy the identities that were only assumed to have flipped with their old profile."""
    profile_ids = {row.profile_id for row in page}
    known = await rebuilt.read(partial(rows.flipped_in_cycles_of, profile_ids=profile_ids))
    flippers: dict[tuple[str, str, int], set[str]] = {}
    for identity_id, *cycle in known:
        flippers.setdefault((cycle[0], cycle[1], cycle[2]), set()).add(identity_id)

    def without_assumed(connection: Connection) -> None:
        old = rows.old_profiles_of(connection, {row.identity_id for row in (*page, *known)})
        assumed: list[tuple[Any, ...]] = []
        for identity_id, *cycle in page:
            flipped = flippers.get((cycle[0], cycle[1], cycle[2]), set())
            old_profile = old.get(identity_id)
            if (
                identity_id not in flipped
                and old_profile is not None
                and old_profile in {old.get(i) for i in flipped}
            ):
                assumed.append((identity_id, *cycle))
        rows.delete_flipped(connection, assumed)

    await copy.unit(without_assumed)


def _joins(link: Link, person_of: Mapping[str, str]) -> bool:
    """Return whether both identities of a link belong to one profile."""
    first = person_of.get(link.first)
    return first is not None and first == person_of.get(link.other)
