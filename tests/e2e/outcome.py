"""The end of a story: whatever happened on the way, scores and leads are those of an undisturbed world."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from shared.events import LEADS, LeadQualified
from tests.e2e import reference
from tests.e2e.books import Books
from tests.e2e.crowd import MATRIX, MODEL, Deed
from tests.e2e.flipline import Flipline
from tests.e2e.patience import eventually
from tests.e2e.reference import Person
from tests.e2e.topic import events_on


async def assert_as_if_undisturbed(deeds: Iterable[Deed], flipline: Flipline, books: Books) -> set[str]:
    """Compare all scores and leads with those that the deeds have to give; return the ids of the leads."""
    expected = reference.scores(deeds, MATRIX)
    assert await scores(flipline) == expected

    flipped = {person for person, score in expected.items() if score >= MATRIX["flip_number"]}
    assert 0.1 < len(flipped) / len(expected) < 0.9, "a crowd of which many flip and many do not"
    told = await leads_by_person(expected, flipline.settings, books)
    assert told.keys() == flipped
    assert {person: ids for person, ids in told.items() if len(ids) > 1} == {}
    lead_ids = sorted(id for ids in told.values() for id in ids)
    assert await books.lead_ids() == {"standings": lead_ids, "leads": lead_ids}
    return set(lead_ids)


async def scores(flipline: Flipline) -> dict[Person, float]:
    return {
        frozenset((one["kind"], one["value"]) for one in profile["identities"]): profile["scores"][MODEL][
            "score"
        ]
        for profile in await flipline.ops.pages("/v1/profiles", limit=200)
    }


async def leads_by_person(
    persons: Iterable[Person], settings: Mapping[str, str], books: Books
) -> dict[Person, set[str]]:
    """Return the leads that the log tells of, once the hand-off has taken them all in.

    The log may tell of the same lead twice; its id is then the same.
    """
    await eventually(books.unsent, lambda waiting: waiting == 0)
    events = [event for event in await events_on(LEADS, settings) if isinstance(event, LeadQualified)]
    await eventually(lambda: books.applied("handoff"), lambda applied: applied == len(events))
    person_of = {name: person for person in persons for name in person}
    told: dict[Person, set[str]] = defaultdict(set)
    for event in events:
        told[person_of[tuple(event.identities[0])]].add(event.lead_id)
    return told


def lead_ids_in(bodies: Iterable[Mapping[str, Mapping[str, str]]]) -> Counter[str]:
    return Counter(body["data"]["lead_id"] for body in bodies)
