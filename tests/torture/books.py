"""Flipline's tables, on either dialect, read behind its back."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import asyncpg
import sqlalchemy as sa

from services.handoff.store.tables import deliveries, leads
from services.scoring.store.tables import cycles, ledger
from shared.database.dead_letters import count_open
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.errors import Unavailable
from tests.support.patience import eventually
from tests.support.postgres import plain
from tests.support.tables import rows


class Books:
    """The tables, through connections of the test's own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url)

    @classmethod
    @asynccontextmanager
    async def of(cls, url: str) -> AsyncGenerator[Self]:
        """Open the tables at a URL."""
        books = cls(url)
        try:
            yield books
        finally:
            await books.close()

    async def close(self) -> None:
        """Close the tables, so that they can be replaced; the next query opens them again."""
        await self._database.close()
        self._database = Database(self._url)

    async def ledger(self) -> set[str]:
        """Return the ids of all events in the ledger."""
        return {str(row.event_id) for row in await self._rows(sa.select(ledger.c.event_id))}

    async def unsent(self) -> int:
        """Return how many events wait in the outbox."""
        ((count,),) = await self._rows(sa.select(sa.func.count()).select_from(outbox))
        return count

    async def untold(self) -> int:
        """Return how many leads the hand-off does not have yet."""
        known = sa.select(leads.c.id)
        query = sa.select(sa.func.count()).where(
            cycles.c.lead_id.is_not(None), cycles.c.lead_id.not_in(known)
        )
        ((count,),) = await self._rows(query)
        return count

    async def undelivered(self) -> int:
        """Return how many webhooks have not been delivered yet."""
        waiting = sa.select(sa.func.count()).where(deliveries.c.status != "delivered")
        ((count,),) = await self._rows(waiting)
        return count

    async def parked(self) -> int:
        """Return how many dead letters are open."""
        return sum(row.letters for row in await self._database.read(count_open))

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async def answered() -> Sequence[sa.Row[Any]] | None:
            # A fault affects this reader as it affects Flipline.
            try:
                return await rows(self._database, query)
            except Unavailable:
                return None

        return await eventually(answered, lambda rows: rows is not None)


async def without_waiting(url: str, statement_timeout: str) -> None:
    """Have PostgreSQL cancel every statement of new sessions after a time, such as 500ms."""
    connection = await asyncpg.connect(plain(url))
    try:
        name = sa.make_url(url).database
        await connection.execute(f"alter database \"{name}\" set statement_timeout = '{statement_timeout}'")
    finally:
        await connection.close()
