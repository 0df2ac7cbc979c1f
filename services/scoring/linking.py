"""Linking: which identities are one person, worked out for a batch without touching a table."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.scoring.counting import Counts, Held, total
from shared.events import Interaction
from shared.identity import Identity

# Two values of such a kind are two people, whatever device they share.
EXCLUSIVE = frozenset({"user_id"})


@dataclass(slots=True)
class Person:
    """A profile as the batch sees it; `founded` is None while no table knows it."""

    id: str
    founded: datetime | None
    identities: dict[str, Identity] = field(default_factory=dict[str, Identity])
    held: dict[str, Held] = field(default_factory=dict[str, Held])

    @property
    def counts(self) -> Counts:
        """The counts of all identities together."""
        return total(held.counts for held in self.held.values())

    def held_by(self, identity_id: str) -> Held:
        """Return the counts of one of the identities, to be added to."""
        return self.held.setdefault(identity_id, Held({}, 0))

    def conflicts_with(self, other: "Person") -> bool:
        """Tell whether joining the two would give one person two values of an exclusive kind."""
        mine = {i for i in self.identities.values() if i.kind in EXCLUSIVE}
        theirs = {i for i in other.identities.values() if i.kind in EXCLUSIVE}
        return any(a.kind == b.kind and a != b for a in mine for b in theirs)


class People:
    """The persons of a batch: looked up, founded and merged as its interactions tell."""

    def __init__(self, known: Iterable[Person]) -> None:
        self._of: dict[str, Person] = {}
        self.moved: dict[str, str] = {}
        """identity id -> profile id that it has to point to from now on"""
        self.founded: dict[str, Identity] = {}
        """identity id -> identity, those that no table knows yet"""
        self.linked: set[str] = set()
        """ids of the identities whose person has others now than before"""
        for person in known:
            for identity_id in person.identities:
                self._of[identity_id] = person

    def of(self, identity_id: str) -> Person:
        """Return the person that an identity of the batch belongs to."""
        return self._of[identity_id]

    def see(self, interaction: Interaction) -> None:
        """Take the interaction's identities as one person, as far as exclusive kinds allow."""
        first, *others = interaction.identities
        person = self._found(first)
        for other in others:
            person = self._join(person, self._found(other))

    def _found(self, identity: Identity) -> Person:
        identity_id = identity.id
        person = self._of.get(identity_id)
        if person is None:
            person = Person(identity_id, None, {identity_id: identity})
            self._of[identity_id] = person
            self.founded[identity_id] = identity
            self.moved[identity_id] = identity_id
        return person

    def _join(self, one: Person, other: Person) -> Person:
        if one is other or one.conflicts_with(other):
            return one
        self.linked.update(one.identities, other.identities)
        survivor, absorbed = sorted((one, other), key=_seniority)
        survivor.held |= absorbed.held
        for identity_id, identity in absorbed.identities.items():
            self._of[identity_id] = survivor
            self.moved[identity_id] = survivor.id
            survivor.identities[identity_id] = identity
        return survivor


def _seniority(person: Person) -> tuple[bool, datetime | None, str]:
    # The profile known longest keeps its id, since others may have noted it; new ones only need an order.
    return person.founded is None, person.founded, person.id
