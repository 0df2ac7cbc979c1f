"""Consuming: a batch of interactions becomes counts, flips and outgoing events in one transaction."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import people, store
from services.scoring.counting import Counts, count, counts_for_score, day_of
from services.scoring.flip import FIRST_CYCLE, qualify, reaches
from services.scoring.linking import People, Person
from services.scoring.matrix import Version
from services.scoring.models import Active, active, hold
from shared.clock import Clock
from shared.database import outbox
from shared.errors import Poison
from shared.events import LEADS, Interaction, LeadQualified, decode, encode
from shared.following import Summary
from shared.log.port import Message, Record


class Scorer:
    """Folds interactions into the tables; the only effect is on the transaction it is given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def apply(self, connection: AsyncConnection, messages: Sequence[Message]) -> Summary:
        """Count the interactions that are new, and flip whom they bring over a flip number."""
        now = self._clock.now()
        interactions = await store.record(connection, [_interaction(message) for message in messages])
        if not interactions:
            return {"new": 0, "profiles": 0, "flips": 0}
        await hold(connection)
        matrices = await active(connection)
        persons = await people.resolve(connection, interactions, now)
        await store.write_traits(connection, interactions)
        changed = await _fold(connection, interactions, persons, matrices)
        leads = await _flip(connection, changed, matrices, now)
        return {"new": len(interactions), "profiles": len(changed), "flips": len(leads)}


def _interaction(message: Message) -> Interaction:
    event = decode(message.value)
    if not isinstance(event, Interaction):
        raise Poison("unexpected_event", f"{type(event).__name__} does not belong on this topic.")
    return event


async def _fold(
    connection: AsyncConnection, interactions: Iterable[Interaction], people: People, matrices: Active
) -> Collection[Person]:
    """Add the interactions to the counts of the identities that posted them; return whose counts changed.

    Only they may flip: having written their counts is what keeps another worker from flipping them as well.
    """
    # Whoever read the counts of an identity that is linked now must notice, even if they stay as they are.
    changed = {identity_id: people.of(identity_id).held_by(identity_id) for identity_id in people.linked}
    for interaction in interactions:
        if counts_for_score(interaction):
            identity_id = interaction.identities[0].id
            held = changed[identity_id] = people.of(identity_id).held_by(identity_id)
            count(held.counts, interaction, matrices.tally)
    await store.write_counts(connection, changed)
    return {person.id: person for person in map(people.of, changed)}.values()


class _Reached(NamedTuple):
    person: Person
    counts: Counts
    version: Version


async def _flip(
    connection: AsyncConnection,
    persons: Collection[Person],
    matrices: Active,
    now: datetime,
) -> list[LeadQualified]:
    """Open a cycle for each person and model whose score reaches the flip number and has none open."""
    reached = list(_reached(persons, matrices, now))
    open_cycles = await store.open_cycles(connection, [i for one in reached for i in one.person.identities])
    flipped = [
        one
        for one in reached
        if not any((identity_id, one.version.model) in open_cycles for identity_id in one.person.identities)
    ]
    traits = await store.read_traits(
        connection, [i for one in flipped for i in one.person.identities], day_of(now)
    )
    leads = [
        qualify(
            one.person,
            one.counts,
            one.version,
            traits=traits.of(one.person.identities),
            cycle=FIRST_CYCLE,
            at=now,
        )
        for one in flipped
    ]
    await store.open_cycle(connection, leads)
    await outbox.put(connection, [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads])
    return leads


def _reached(persons: Iterable[Person], matrices: Active, now: datetime) -> Iterator[_Reached]:
    for person in persons:
        counts = person.counts
        for version in matrices.versions.values():
            if reaches(counts, version, now):
                yield _Reached(person, counts, version)
