"""Linking: which identities belong to one profile, a function of the set of links alone.

Links are applied in the order in which they were made, never in the order in which they arrived. Each joins
two groups unless the joined group would break a rule; then the link is refused, with the reason. The rules
are monotone: a rule that forbids a group forbids every larger group. So a link without an objection can be
applied whenever it arrives; only after an objection all links of the groups are applied again from the start.

Of an identity that is linked with very many others only the earliest links are heeded. So work is bounded
by the limits of a profile, and not by how often a shared device was used.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

from services.scoring.core.counting.counts import NOT_STORED, Counts, StoredCounts, total
from services.scoring.core.profiles.aliases import same_users
from services.scoring.core.revised import Revised
from shared.events import Interaction
from shared.identity import USER_ID, Identity

MAX_IDENTITIES = 500
# With this many, a profile of MAX_IDENTITIES that are all linked with one of them is still whole.
MAX_LINKS = MAX_IDENTITIES

Pair: TypeAlias = tuple[str, str]
"""the ids of two linked identities, in the order of the link"""


class Link(NamedTuple):
    """The earliest evidence that two identities are one profile's; `refused` says why it was not heeded."""

    first: str
    other: str
    occurred_at: datetime
    event_id: str
    refused: str | None = None

    @property
    def pair(self) -> Pair:
        """The key of the link."""
        return self.first, self.other

    @property
    def order(self) -> tuple[datetime, str, str, str]:
        """The sort key of the link among all links."""
        return self.occurred_at, self.event_id, self.other, self.first


class Side(NamedTuple):
    """One of the two groups of identities that a separation keeps apart."""

    separation_id: str
    other: bool


@dataclass(frozen=True)
class LinkRules:
    """Which identities can belong to one profile: `limits` is how many of each kind a profile can have."""

    limits: Mapping[str, int]
    sides: Mapping[str, Collection[Side]] = field(default_factory=dict[str, Collection[Side]])
    """The sides of separations that an identity is on, by its id."""
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    """For user ids of the same user, the id that stands for all of them (core/aliases.py)."""

    def objection(self, first: Mapping[str, Identity], other: Mapping[str, Identity]) -> str | None:
        """Return why two groups cannot belong to one profile, None when they can."""
        if len(first) + len(other) > MAX_IDENTITIES:
            return f"A person has at most {MAX_IDENTITIES} identities."
        ours, theirs = Counter(i.kind for i in first.values()), Counter(i.kind for i in other.values())
        for kind in sorted(ours.keys() & theirs.keys() & self.limits.keys()):
            number, limit = ours[kind] + theirs[kind], self.limits[kind]
            if kind == USER_ID and number > limit and self.aliases:
                users = (i for group in (first, other) for i, named in group.items() if named.kind == kind)
                number = len({self.aliases.get(i, i) for i in users})
            if number > limit:
                return f"A person has at most {limit} {kind}, and these would have {number}."
        if self.sides:
            against = {Side(s.separation_id, not s.other) for i in first for s in self.sides.get(i, ())}
            for identity_id in sorted(other):
                for side in self.sides.get(identity_id, ()):
                    if side in against:
                        return f"They were separated by hand ({side.separation_id})."
        return None


def too_many_links() -> str:
    """Return why a link is not heeded: it is not among the earliest links of one of its identities."""
    return f"Of the links of an identity the {MAX_LINKS} earliest are heeded."


def heeded(links: Iterable[Link]) -> set[Pair]:
    """Return the links that are among the MAX_LINKS earliest links of both of their identities."""
    ranks: Counter[str] = Counter()
    kept: set[Pair] = set()
    for link in sorted(links, key=lambda link: link.order):
        ranks.update(link.pair)
        if max(ranks[link.first], ranks[link.other]) <= MAX_LINKS:
            kept.add(link.pair)
    return kept


def links_of(interactions: Iterable[Interaction]) -> dict[Pair, Link]:
    """Return the links that interactions are evidence of, each with its earliest evidence among them."""
    links: dict[Pair, Link] = {}
    for interaction in interactions:
        first, *others = interaction.identities
        for other in others:
            link = Link(first.id, other.id, interaction.occurred_at, interaction.id)
            earlier = links.get(link.pair)
            if earlier is None or link.order < earlier.order:
                links[link.pair] = link
    return links


def partition(
    identities: Mapping[str, Identity], links: Iterable[Link], rules: LinkRules
) -> tuple[list[dict[str, Identity]], dict[Pair, str | None]]:
    """Return the groups of identities that form profiles, and for each link why it is refused or None."""
    group_of = {identity_id: {identity_id: identity} for identity_id, identity in identities.items()}
    in_order = sorted(links, key=lambda link: link.order)
    kept = heeded(in_order)
    rules = replace(rules, aliases=same_users(identities, kept))
    refused: dict[Pair, str | None] = {link.pair: too_many_links() for link in in_order}
    for link in in_order:
        if link.pair not in kept:
            continue
        first, other = group_of[link.first], group_of[link.other]
        why = None if first is other else rules.objection(first, other)
        refused[link.pair] = why
        if first is not other and why is None:
            first |= other
            group_of.update(dict.fromkeys(other, first))
    return list({id(group): group for group in group_of.values()}.values()), refused


@dataclass(slots=True)
class Profile:
    """A profile: its identities, with the counts of each.

    Its id is the least of its identities' ids, so it depends on the set alone; an id from before a merge is
    still the id of an identity and leads to the profile.
    """

    id: str
    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])
    counts_by_identity: dict[str, Revised[StoredCounts]] = field(
        default_factory=dict[str, Revised[StoredCounts]]
    )

    @property
    def counts(self) -> Counts:
        """The counts of all identities together."""
        return total([part for stored, _ in self.counts_by_identity.values() for part in stored.parts])

    def counts_of(self, identity_id: str) -> Revised[StoredCounts]:
        """Return the counts of one of the identities."""
        return self.counts_by_identity.get(identity_id, NOT_STORED)
