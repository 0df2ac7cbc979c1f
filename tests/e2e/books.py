"""What scoring and the hand-off have written to PostgreSQL, read behind their backs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy as sa

from tests.e2e.patience import eventually

# The order of the outbox's and the deliveries' ids is nobody's promise; everything else is compared as it is.
_WRITTEN = (
    "ledger",
    "counts",
    "traits",
    "profiles",
    "identities",
    "standings",
    "outbox",
    "leads",
    "deliveries",
)


class Books:
    """The tables, through a connection of the test's own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def applied(self, consumer: str = "scoring") -> int:
        """Return how many messages a service has applied."""
        query = "select coalesce(sum(next_offset), 0)::bigint from positions where consumer = $1"
        return await self._connection.fetchval(query, consumer)

    async def unsent(self) -> int:
        """Return how many events wait in the outbox."""
        return await self._connection.fetchval("select count(*) from outbox")

    async def undelivered(self) -> int:
        """Return how many webhooks have not been delivered yet."""
        return await self._connection.fetchval("select count(*) from deliveries where status <> 'delivered'")

    async def epochs(self) -> dict[int, int]:
        """Return how often each of scoring's partitions has been claimed."""
        query = "select partition, epoch from positions where consumer = 'scoring'"
        return dict(map(tuple, await self._connection.fetch(query)))

    async def holds_a_batch(self, pid: int) -> bool:
        """Tell whether a frozen process has left a transaction open in which it had entered a batch."""

        async def waits() -> list[str | None]:
            query = (
                "select wait_event_type from pg_stat_activity join pg_locks using (pid)"
                " where application_name = $1 and relation = 'ledger'::regclass and mode = 'RowExclusiveLock'"
            )
            return await self._column(query, f"flipline-{pid}")

        # What it had sent before it froze is still carried out, and that may be its commit.
        return bool(await eventually(waits, lambda found: all(wait == "Client" for wait in found)))

    async def written(self) -> dict[str, list[str]]:
        """Return every row of every table, but for whose a partition is."""
        places = "(select consumer, topic, partition, next_offset from positions)"
        return {table: await self._rows(table) for table in (*_WRITTEN, places)}

    async def lead_ids(self) -> dict[str, list[str]]:
        """Return the ids of the leads in the tables of scoring and of the hand-off."""
        return {
            "standings": sorted(await self._column("select lead_id from standings")),
            "leads": sorted(await self._column("select id from leads")),
        }

    async def _rows(self, table: str) -> list[str]:
        query = f"select * from {table} as rows"  # noqa: S608 - names of our own
        return sorted(map(repr, await self._connection.fetch(query)))

    async def _column(self, query: str, *arguments: Any) -> list[Any]:
        return [row[0] for row in await self._connection.fetch(query, *arguments)]


@asynccontextmanager
async def open_books(url: str) -> AsyncGenerator[Books]:
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        yield Books(connection)
    finally:
        await connection.close()
