"""What the rebuild says about each interaction of the live tables: its identity today, or that it is lost.

Normal forms may change in ways that cannot be computed from the forms: the digits of a number that was read
as French are no longer known. Comparing the identities of the same interactions works for any rules.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.rebuild.rebuild import without_effect
from services.scoring.rebuild.snapshot import PAGE
from services.scoring.store.tables import ledger, retractions, separations
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

_WHOSE: Final = sa.select(ledger.c.event_id, ledger.c.identity_id)


async def gather(copy: Database, rebuilt: Database) -> None:
    """Store in the rebuild which identity took over whose interactions."""
    await rebuilt.unit(moved.create)
    async with aclosing(copy.pages(_WHOSE, PAGE)) as pages:
        async for page in pages:
            was = {event_id: identity_id for event_id, identity_id in page}  # noqa: C416 - typed
            await rebuilt.unit(partial(_note, was=was))


def _note(connection: sa.Connection, was: Mapping[str, str]) -> None:
    """Store which identities have taken over interactions of these identities."""
    these = bulk.any_of(connection, ledger.c.event_id, list(was))
    found = connection.execute(_WHOSE.where(these))
    pairs = sorted({(was[event_id], now) for event_id, now in found if was[event_id] != now})
    new = [{"old_id": old_id, "new_id": new_id} for old_id, new_id in pairs]
    bulk.insert_new(connection, moved, "old_id", new)


async def count_lost(copy: Database, rebuilt: Database) -> int:
    """Return how many interactions and corrections of the live tables are no longer on the log."""
    return sum(
        [
            await _lost(copy, rebuilt, column)
            for column in (ledger.c.event_id, retractions.c.event_id, separations.c.separation_id)
        ]
    )


async def _lost(copy: Database, rebuilt: Database, column: sa.Column[Any]) -> int:
    lost = 0
    async with aclosing(copy.pages(sa.select(column).distinct(), PAGE)) as pages:
        async for page in pages:
            lost += await rebuilt.read(partial(_missing, column=column, wanted=[row[0] for row in page]))
    return lost


def _missing(connection: sa.Connection, column: sa.Column[Any], wanted: Sequence[str]) -> int:
    """Return how many of these interactions or corrections the rebuild lacks."""
    left = _without(connection, column, wanted)
    return len(_without(connection, without_effect.c.event_id, left))


def _without(connection: sa.Connection, column: sa.Column[Any], wanted: Sequence[str]) -> Sequence[str]:
    there = connection.execute(sa.select(column).where(bulk.any_of(connection, column, wanted)))
    return sorted(set(wanted) - set(there.scalars()))
