"""The decisions of identity resolution, given what the tables have: pure functions of evidence and rules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.linking import (
    Link,
    LinkRules,
    Pair,
    Profile,
    Side,
    partition,
    too_many_links,
)
from shared.events import Interaction
from shared.identity import FORMER_USER_ID


class Named(NamedTuple):
    """The ids of identities that a batch names: all, and those whose profiles may change by links."""

    all: set[str]
    linking: set[str]


class Loaded(NamedTuple):
    """What the tables have about the identities that a batch names."""

    profiles: Sequence[Profile]
    sides: Mapping[str, Collection[Side]]
    """the sides of separations that an identity is on, by its id"""
    separated: Collection[str]
    """ids of the identities that a separation of the batch is about"""
    new_links: Sequence[Link]
    """the links for which the batch has the first or an earlier evidence"""
    earliest: Mapping[str, Collection[Pair]]
    """for each identity of new links with more links than are heeded, the earliest of its links"""


class Decision(NamedTuple):
    """The profiles of a batch after its links."""

    profiles: Profiles
    refused: Mapping[Pair, str]
    """new links that are not heeded, with the reason"""
    unsettled: set[str]
    """ids of identities whose links, and those of all that they are linked with, have to be applied again"""


def named_in(interactions: Iterable[Interaction], separated: set[str], others: Iterable[str]) -> Named:
    """Return which identities a batch names, given those it separates and `others` that it is about."""
    linking = set(separated)
    named = separated.union(others)
    for interaction in interactions:
        ids = [identity.id for identity in interaction.identities]
        named.update(ids)
        if len(ids) > 1:
            linking.update(ids)
    return Named(named, linking)


def may_join(profiles: Iterable[Profile], linking: set[str]) -> set[str]:
    """Return the ids of all identities that links of some identities can bring into one profile."""
    return linking.union(*(profile.identities for profile in profiles)) if linking else set()


def decide(interactions: Sequence[Interaction], loaded: Loaded, limits: Mapping[str, int]) -> Decision:
    """Create the profiles of unknown identities, and join profiles by the new links as far as rules allow.

    A link of an identity with too many links is only refused here: a new link may displace others of it, so
    all of them have to be applied again.
    """
    profiles = Profiles(loaded.profiles, LinkRules(limits, loaded.sides))
    profiles.create_missing(interactions)
    heeded, affected = _heeded(loaded.new_links, loaded.earliest)
    profiles.join(link for link in heeded if loaded.earliest.keys().isdisjoint(link.pair))
    ignored = {link.pair for link in loaded.new_links} - {link.pair for link in heeded}
    return Decision(
        profiles,
        dict.fromkeys(ignored, too_many_links()),
        affected.union(loaded.separated, _renamed(profiles, loaded.new_links)),
    )


def _heeded(
    new_links: Iterable[Link], earliest: Mapping[str, Collection[Pair]]
) -> tuple[list[Link], set[str]]:
    """Return the links that are among the earliest of their identities, and the identities they affect.

    These are the crowded identities whose earliest links change, even if the new link is not heeded for its
    other identity, and all identities linked with them.
    """
    heeded: list[Link] = []
    affected: set[str] = set()
    for link in new_links:
        crowded = [i for i in link.pair if i in earliest]
        heeding = [i for i in crowded if link.pair in earliest[i]]
        affected.update(link.pair if heeding else ())
        if len(heeding) == len(crowded):
            heeded.append(link)
    return heeded, affected


def _renamed(profiles: Profiles, new_links: Iterable[Link]) -> set[str]:
    """Return the ends of links to former user ids: by the new aliases refused links may hold."""
    ends = ((link, profiles.of(link.other).identities[link.other]) for link in new_links)
    return {i for link, other in ends if other.kind == FORMER_USER_ID for i in link.pair}


def are_latest(contested: Iterable[Link], profiles: Profiles, holding: Iterable[Link]) -> bool:
    """Return whether each contested link was made after all links that hold within its two profiles.

    Then no other link depends on it, and it can simply be refused.
    """
    latest: dict[str, Link] = {}
    for link in holding:
        latest[link.first] = max(link, latest.get(link.first, link), key=lambda candidate: candidate.order)
    return all(
        latest[identity_id].order <= link.order
        for link in contested
        for identity_id in profiles.both_of(link)
        if identity_id in latest
    )


def regrouped(
    profiles: Profiles, loaded: Sequence[Profile], component: Iterable[Link], rules: LinkRules
) -> tuple[dict[str, str], dict[Pair, str | None]]:
    """Apply all links of connected components again, and regroup the profiles accordingly.

    Returns the new profile id of each identity that moves, and for each link why it is refused or None.
    """
    known = {i: identity for profile in loaded for i, identity in profile.identities.items()}
    groups, refused = partition(
        known, (link for link in component if link.first in known and link.other in known), rules
    )
    return profiles.regroup(loaded, groups), refused
