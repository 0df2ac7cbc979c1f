"""What the rebuild says of each interaction that the live tables have: whose it is today, or that it is lost.

Normal forms may change in ways that no form tells back: a number that was taken for French was made of digits
that are no longer known. Whose the same interactions are before and after tells it for any change of rules.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.replay.rebuild import without_effect
from services.scoring.replay.snapshot import PAGE
from services.scoring.tables import ledger, retractions, separations
from shared.database import bulk
from shared.database.engine import Database
from shared.database.schema import Key

# In the rebuild alone: interactions of `old_id` are attributed to `new_id` today.
moved: Final = sa.Table(
    "moved",
    sa.MetaData(),
    sa.Column("old_id", Key, primary_key=True),
    sa.Column("new_id", Key, primary_key=True, index=True),
)


async def gather(copy: Database, rebuilt: Database) -> None:
    """Note in the rebuild where interactions have moved to."""
    async with rebuilt.unit() as connection:
        await connection.run_sync(moved.create)
    query = sa.select(ledger.c.event_id, ledger.c.identity_id)
    async with copy.reading() as live:
        rows = await live.stream(query, execution_options={"yield_per": PAGE})
        async for page in rows.partitions():
            was = {event_id: identity_id for event_id, identity_id in page}  # noqa: C416 - typed
            async with rebuilt.unit() as connection:
                these = bulk.any_of(connection, ledger.c.event_id, list(was))
                found = await connection.execute(query.where(these))
                pairs = sorted({(was[event_id], now) for event_id, now in found if was[event_id] != now})
                new = [{"old_id": old_id, "new_id": new_id} for old_id, new_id in pairs]
                await bulk.insert_new(connection, moved, "old_id", new)


async def count_lost(copy: Database, rebuilt: Database) -> int:
    """Return how many interactions and corrections the live tables have that are not on the log any more."""
    return sum(
        [
            await _lost(copy, rebuilt, column)
            for column in (ledger.c.event_id, retractions.c.event_id, separations.c.separation_id)
        ]
    )


async def _lost(copy: Database, rebuilt: Database, column: sa.Column[Any]) -> int:
    lost = 0
    async with copy.reading() as live:
        rows = await live.stream(sa.select(column).distinct(), execution_options={"yield_per": PAGE})
        async for page in rows.scalars().partitions():
            async with rebuilt.reading() as connection:
                left = await _without(connection, column, page)
                lost += len(await _without(connection, without_effect.c.event_id, left))
    return lost


async def _without(
    connection: AsyncConnection, column: sa.Column[Any], wanted: Sequence[str]
) -> Sequence[str]:
    there = await connection.execute(sa.select(column).where(bulk.any_of(connection, column, wanted)))
    return sorted(set(wanted) - set(there.scalars()))
