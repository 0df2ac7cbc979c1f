"""The end of a test: whatever happened before, scores and leads are those of an undisturbed run."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from shared.events import LEADS, LeadQualified
from tests.e2e.books import Books
from tests.e2e.broker import Broker
from tests.e2e.crowd import MATRIX, MODEL, Deed, defined_scores
from tests.e2e.flipline import Flipline
from tests.oracle.people import Person
from tests.support.patience import eventually


async def assert_as_if_undisturbed(deeds: Iterable[Deed], flipline: Flipline, books: Books) -> set[str]:
    """Compare all scores and leads with those that the deeds have to give; return the ids of the leads."""
    expected = defined_scores(deeds)
    assert await flipline.scores(MODEL) == expected

    flipped = {person for person, score in expected.items() if score >= MATRIX["flip_number"]}
    assert 0.1 < len(flipped) / len(expected) < 0.9, "a crowd of which many flip and many do not"
    leads = _leads_by_person(expected, await handed_over(Broker(flipline.settings), books))
    assert leads.keys() == flipped
    assert [ids for ids in leads.values() if len(ids) > 1] == []
    lead_ids = sorted(lead_id for ids in leads.values() for lead_id in ids)
    assert await books.lead_ids() == {"cycles": lead_ids, "leads": lead_ids}
    return set(lead_ids)


async def handed_over(broker: Broker, books: Books) -> list[LeadQualified]:
    """Return the leads on the log, once the outbox is empty and the hand-off has applied them all."""
    await eventually(books.unsent, lambda waiting: waiting == 0)
    events = [event for event in await broker.events(LEADS) if isinstance(event, LeadQualified)]
    await eventually(lambda: books.applied("handoff"), lambda applied: applied == len(events))
    return events


def _leads_by_person(persons: Iterable[Person], events: Iterable[LeadQualified]) -> dict[Person, set[str]]:
    # The log may have a lead twice; its id is then the same.
    person_of = {name: person for person in persons for name in person}
    leads: dict[Person, set[str]] = defaultdict(set)
    for event in events:
        leads[person_of[event.identities[0]]].add(event.lead_id)
    return leads


def lead_ids_in(bodies: Iterable[Mapping[str, Mapping[str, str]]]) -> Counter[str]:
    """Count the webhooks of each lead."""
    return Counter(body["data"]["lead_id"] for body in bodies)
