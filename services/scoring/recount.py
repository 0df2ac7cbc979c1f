"""Recount: the conditions that a new version asks and nobody counted so far, from the ledger."""

from collections.abc import AsyncGenerator, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import store
from services.scoring.counting import Counts, Held, Tally, count
from services.scoring.tables import identities

CHUNK = 1_000


async def recount(connection: AsyncConnection, tally: Tally) -> None:
    """Count the tally's conditions anew for every identity, leaving all other counts as they are."""
    async for identity_ids in pages(connection, identities.c.id):
        held = await store.read_counts(connection, identity_ids)
        interactions = await store.read_ledger(connection, identity_ids)
        changed: dict[str, Held] = {}
        for identity_id in sorted(held.keys() | interactions.keys()):
            before = held.get(identity_id, Held({}, 0))
            # A condition that an old version stopped counting may have left counts that are not complete.
            counts: Counts = {key: days for key, days in before.counts.items() if key not in tally.keys}
            for interaction in interactions.get(identity_id, ()):
                count(counts, interaction, tally)
            if counts != before.counts:
                changed[identity_id] = Held(counts, before.revision)
        await store.write_counts(connection, changed)


async def pages(connection: AsyncConnection, column: sa.Column[str]) -> AsyncGenerator[Sequence[str]]:
    """Yield all values of an indexed text column in order, a chunk at a time."""
    last = ""
    while True:
        query = sa.select(column).where(column > last).order_by(column).limit(CHUNK)
        page = (await connection.execute(query)).scalars().all()
        if not page:
            return
        yield page
        last = page[-1]
