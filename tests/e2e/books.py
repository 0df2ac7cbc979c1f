"""What scoring and the hand-off have written to PostgreSQL, read behind their backs."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy as sa

# The order of the outbox's and the deliveries' ids is nobody's promise; everything else is compared as it is.
_WRITTEN = ("ledger", "counts", "traits", "profiles", "identities", "standings", "outbox", "leads", "deliveries")
_SCORING = "consumer = 'scoring'"


class Books:
    """The tables, through a connection of the test's own."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def applied(self) -> int:
        """Return how many messages scoring has applied."""
        query = f"select coalesce(sum(next_offset), 0)::bigint from positions where {_SCORING}"
        return await self._connection.fetchval(query)

    async def positions(self) -> dict[int, int]:
        """Return the next offset of each partition."""
        rows = await self._connection.fetch(f"select partition, next_offset from positions where {_SCORING}")
        return dict(map(tuple, rows))

    async def epochs(self) -> dict[int, int]:
        """Return how often each partition was claimed."""
        rows = await self._connection.fetch(f"select partition, epoch from positions where {_SCORING}")
        return dict(map(tuple, rows))

    async def is_in_a_batch(self, pid: int) -> bool:
        """Tell whether a process has a transaction open in which it has written counts."""
        return await self._connection.fetchval(
            "select exists (select from pg_locks join pg_stat_activity using (pid)"
            " where application_name = $1 and relation = 'ledger'::regclass and mode = 'RowExclusiveLock')",
            f"flipline-{pid}",
        )

    async def written(self) -> dict[str, list[Any]]:
        """Return every row of every table, but for whose a partition is."""
        rows = {table: await self._rows(f"select * from {table}") for table in _WRITTEN}
        return rows | {"positions": await self._rows("select consumer, topic, partition, next_offset from positions")}

    async def lead_ids(self) -> dict[str, list[str]]:
        """Return the ids of the leads in the tables of scoring and of the hand-off."""
        return {
            "standings": sorted(await self._column("select lead_id from standings")),
            "leads": sorted(await self._column("select id from leads")),
        }

    async def _rows(self, query: str) -> list[Any]:
        return sorted(map(repr, await self._connection.fetch(query)))

    async def _column(self, query: str) -> list[Any]:
        return [row[0] for row in await self._connection.fetch(query)]


@asynccontextmanager
async def open_books(url: str) -> AsyncGenerator[Books]:
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        yield Books(connection)
    finally:
        await connection.close()
