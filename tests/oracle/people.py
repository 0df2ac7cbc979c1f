"""Who is one person, as DESIGN.md and the decisions on links have it."""

from collections.abc import Collection, Iterable, Mapping

from shared.events import Event, Interaction, Separation
from shared.identity import Identity

Person = frozenset[Identity]

LIMITS: Mapping[str, int] = {"user_id": 1}
"""How many identities of a kind one person has at most; kinds not named are without limit."""
MOST_IDENTITIES = 500


def persons(events: Iterable[Event], limits: Mapping[str, int] = LIMITS) -> dict[Identity, Person]:
    """Return the person of each identity that an interaction named.

    The links are taken one by one, in the order of time, and each that would join two who cannot be one
    person is refused.
    """
    events = list(events)
    separations = [event for event in events if isinstance(event, Separation)]
    links = {
        (event.occurred_at, event.id, other.id, event.identities[0], other)
        for event in events
        if isinstance(event, Interaction)
        for other in event.identities[1:]
    }
    person_of = {
        identity: frozenset({identity})
        for event in events
        if isinstance(event, Interaction)
        for identity in event.identities
    }
    for *_, first, other in sorted(links):
        joined = person_of[first] | person_of[other]
        if _can_be_one(joined, limits, separations):
            person_of |= dict.fromkeys(joined, joined)
    return person_of


def _can_be_one(person: Person, limits: Mapping[str, int], separations: Collection[Separation]) -> bool:
    return (
        len(person) <= MOST_IDENTITIES
        and all(sum(one.kind == kind for one in person) <= most for kind, most in limits.items())
        and all(
            person.isdisjoint(separation.identities) or person.isdisjoint(separation.others)
            for separation in separations
        )
    )
