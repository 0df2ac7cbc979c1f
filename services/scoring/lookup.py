"""Looking persons up: their counts and traits as the routes show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import store
from services.scoring.counting import Counts, Tally, count, total
from services.scoring.linking import Person
from services.scoring.matrix import Version
from services.scoring.models import active


@dataclass(frozen=True)
class Known:
    """What is known of a person: counts of all identities together, and traits."""

    counts: Counts
    traits: dict[str, Any]


async def describe(connection: AsyncConnection, persons: Sequence[Person], day: int) -> list[Known]:
    """Return what is known of the persons at the end of a day, in their order."""
    identity_ids = [identity_id for person in persons for identity_id in person.identities]
    held = await store.read_counts(connection, identity_ids)
    traits = await store.read_traits(connection, identity_ids, day)
    return [
        Known(
            total(held[i].counts for i in person.identities if i in held),
            traits.of(person.identities),
        )
        for person in persons
    ]


async def counts_under(connection: AsyncConnection, person: Person, version: Version) -> Counts:
    """Return a person's counts for a version, those that no active version keeps taken from the ledger."""
    identity_ids = list(person.identities)
    held = await store.read_counts(connection, identity_ids)
    counts = total(one.counts for one in held.values())
    kept = (await active(connection)).tally.keys
    uncounted = Tally([version.matrix], leave_out=kept)
    if uncounted.keys:
        counts = {key: days for key, days in counts.items() if key in kept}
        for interactions in (await store.read_ledger(connection, identity_ids)).values():
            count(counts, interactions, uncounted)
    return counts
