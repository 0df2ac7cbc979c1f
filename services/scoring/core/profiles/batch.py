"""The profiles of a batch in memory: looked up, created, merged and separated."""

from collections.abc import Iterable, Mapping

from services.scoring.core.profiles.linking import Link, LinkRules, Profile
from shared.events import Interaction
from shared.identity import Identity


class Profiles:
    """The profiles of a batch: looked up, created and merged by its interactions."""

    def __init__(self, known: Iterable[Profile], rules: LinkRules) -> None:
        self._rules = rules
        self._of: dict[str, Profile] = {}
        self.contested: list[Link] = []
        """the links that a rule objected to"""
        self.moved: dict[str, str] = {}
        """identity id -> id of the profile that it has to point to from now on"""
        self.founded: dict[str, Identity] = {}
        """identity id -> identity, for identities that are not in the tables yet"""
        self.linked: set[str] = set()
        """ids of the identities whose profile has other identities than before"""
        self.absorbed: set[str] = set()
        """ids of profiles that have been merged into another"""
        for profile in known:
            self._admit(profile)

    def _admit(self, profile: Profile) -> None:
        for identity_id in profile.identities:
            self._of[identity_id] = profile

    def __contains__(self, identity_id: str) -> bool:
        """Return whether an identity belongs to a profile of the batch."""
        return identity_id in self._of

    def of(self, identity_id: str) -> Profile:
        """Return the profile of an identity of the batch."""
        return self._of[identity_id]

    def create_missing(self, interactions: Iterable[Interaction]) -> None:
        """Create a profile for each identity that is not in the tables."""
        for interaction in interactions:
            for identity in interaction.identities:
                identity_id = identity.id
                if identity_id not in self._of:
                    self._of[identity_id] = Profile(identity_id, {identity_id: identity})
                    self.founded[identity_id] = identity
                    self.moved[identity_id] = identity_id

    def join(self, links: Iterable[Link]) -> None:
        """Merge linked profiles, as far as the rules allow."""
        for link in sorted(links, key=lambda link: link.order):
            self._join(link)

    def _join(self, link: Link) -> None:
        first, other = self._of[link.first], self._of[link.other]
        if first is other:
            return
        if self._rules.objection(first.identities, other.identities) is not None:
            self.contested.append(link)
            return
        survivor, absorbed = (first, other) if first.id < other.id else (other, first)
        self.linked.update(first.identities, other.identities)
        self.moved.update(dict.fromkeys(absorbed.identities, survivor.id))
        self.absorbed.add(absorbed.id)
        survivor.counts_by_identity |= absorbed.counts_by_identity
        survivor.identities |= absorbed.identities
        self._of.update(dict.fromkeys(absorbed.identities, survivor))

    def both_of(self, link: Link) -> Mapping[str, Identity]:
        """Return the identities of the two profiles of a link."""
        return {**self._of[link.first].identities, **self._of[link.other].identities}

    def objection(self, link: Link) -> str | None:
        """Return why the two profiles of a link cannot be merged, None when they can."""
        return self._rules.objection(self._of[link.first].identities, self._of[link.other].identities)

    def regroup(self, before: Iterable[Profile], groups: Iterable[Mapping[str, Identity]]) -> dict[str, str]:
        """Regroup profiles of the same identities; return the new profile id of each moved identity."""
        was_of = {i: profile for profile in before for i in profile.identities}
        moves: dict[str, str] = {}
        for group in groups:
            profile = Profile(min(group), dict(group))
            for identity_id in group:
                was = was_of[identity_id]
                if was.id != profile.id:
                    moves[identity_id] = profile.id
                if was.identities.keys() != group.keys():
                    self.linked.add(identity_id)
                if identity_id in was.counts_by_identity:
                    profile.counts_by_identity[identity_id] = was.counts_by_identity[identity_id]
            self._admit(profile)
        self.absorbed |= {profile.id for profile in was_of.values()} - {self._of[i].id for i in was_of}
        self.absorbed -= {self._of[i].id for i in was_of}
        return moves
