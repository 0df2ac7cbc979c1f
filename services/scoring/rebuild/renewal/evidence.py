"""What the rebuild says about each interaction of the live tables: its identity today, or that it is lost.

Normal forms may change in ways that cannot be computed from the forms: the digits of a number that was read
as French are no longer known. Comparing the identities of the same interactions works for any rules.
"""

from contextlib import aclosing
from functools import partial

from services.scoring.store.rebuild import evidence
from services.scoring.store.rebuild.snapshot import PAGE
from shared.database.engine import Database


async def gather(copy: Database, rebuilt: Database) -> None:
    """Store in the rebuild which identity took over whose interactions."""
    await rebuilt.unit(evidence.create_moved)
    async with aclosing(copy.pages(evidence.ATTRIBUTIONS, PAGE)) as pages:
        async for page in pages:
            was = {event_id: identity_id for event_id, identity_id in page}  # noqa: C416 - typed
            await rebuilt.unit(partial(evidence.note_moved, was=was))


async def count_lost(copy: Database, rebuilt: Database) -> int:
    """Return how many interactions and corrections of the live tables are no longer on the log."""
    lost = 0
    for key in evidence.KEYS:
        async with aclosing(copy.pages(evidence.all_ids(key), PAGE)) as pages:
            async for page in pages:
                ids = [row[0] for row in page]
                lost += await rebuilt.read(partial(evidence.count_missing, key=key, ids=ids))
    return lost
