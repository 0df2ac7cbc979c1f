"""Which identities are one person, as docs/design.md and docs/decisions (10, 15, 17, 53) define it."""

from collections.abc import Collection, Iterable, Mapping

from shared.events import Event, Interaction, Separation
from shared.identity import Identity

Person = frozenset[Identity]

LIMITS: Mapping[str, int] = {"user_id": 1}
"""How many identities of a kind one person has at most; other kinds have no limit."""
MOST_IDENTITIES = 500


def persons(events: Iterable[Event], limits: Mapping[str, int] = LIMITS) -> dict[Identity, Person]:
    """Return the person of each identity that an interaction named.

    The links are taken one by one, in the order of time. A link is refused if its two sides cannot be one
    person.
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
    users = _users(person_of, {(first, other) for *_, first, other in links})
    for *_, first, other in sorted(links):
        joined = person_of[first] | person_of[other]
        if _can_be_one(joined, users, limits, separations):
            person_of |= dict.fromkeys(joined, joined)
    return person_of


def _users(known: Iterable[Identity], links: Collection[tuple[Identity, Identity]]) -> dict[Identity, int]:
    """Number the users: user ids that aliases connect, directly or through others, have one number."""
    users = [user for user in known if user.kind == "user_id"]
    number = {user: n for n, user in enumerate(users)}
    former = {(user, other.value) for user, other in links if other.kind == "former_user_id"}
    aliases = [
        pair
        for pair in links
        if all(identity in number for identity in pair)
        and {(identity, other.value) for identity in pair for other in pair} & former
    ]
    for _ in users:
        for user, other in aliases:
            number[user] = number[other] = min(number[user], number[other])
    return number


def _can_be_one(
    person: Person,
    users: Mapping[Identity, int],
    limits: Mapping[str, int],
    separations: Collection[Separation],
) -> bool:
    return (
        len(person) <= MOST_IDENTITIES
        and all(
            len({users.get(identity, identity) for identity in person if identity.kind == kind}) <= most
            for kind, most in limits.items()
        )
        and all(
            person.isdisjoint(separation.identities) or person.isdisjoint(separation.others)
            for separation in separations
        )
    )
