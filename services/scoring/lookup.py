"""Looking a person up under a version that may count what no active version does."""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import store
from services.scoring.counting import Counts, Tally, count
from services.scoring.linking import Person
from services.scoring.matrix import Version
from services.scoring.models import active


async def counts_under(connection: AsyncConnection, person: Person, version: Version) -> Counts:
    """Return a person's counts for a version, those that no active version keeps taken from the ledger."""
    kept = (await active(connection)).tally.keys
    uncounted = Tally([version.matrix], leave_out=kept)
    if not uncounted.keys:
        return person.counts
    counts = {key: days for key, days in person.counts.items() if key in kept}
    for interactions in (await store.read_ledger(connection, list(person.identities))).values():
        for interaction in interactions:
            count(counts, interaction, uncounted)
    return counts
