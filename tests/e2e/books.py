"""The rows that scoring and the hand-off have written to PostgreSQL, read behind their backs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.support.patience import eventually
from tests.support.postgres import plain

# The services also write the positions; but a new claim raises an epoch without any effect on other rows.
_WRITTEN = (
    "ledger",
    "counts",
    "older_counts",
    "traits",
    "identities",
    "links",
    "scores",
    "cycles",
    "cycle_identities",
    "outbox",
    "leads",
    "deliveries",
)

_TRANSACTIONS = """
    select
        coalesce(wait_event_type = 'Client', false) as waits_for_client,
        coalesce(wait_event_type = 'Lock', false) as waits_for_lock,
        state = 'active' and wait_event = 'ClientRead' as prepares,
        exists (
            select from pg_locks
            where pg_locks.pid = activity.pid and relation = 'ledger'::regclass and mode = 'RowExclusiveLock'
        ) as enters
    from pg_stat_activity as activity
    where application_name = $1 and state <> 'idle'
"""


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
        """Return whether a frozen process has left a transaction open in which it had entered a batch.

        False if it froze while a statement was prepared: no timeout of PostgreSQL before 17 ends that.
        """
        # PostgreSQL still executes what the process sent before it froze, which may be the commit.
        transactions = await eventually(
            lambda: self._transactions(pid), lambda found: all(row["waits_for_client"] for row in found)
        )
        return any(row["enters"] for row in transactions) and not any(row["prepares"] for row in transactions)

    async def stands(self, pid: int) -> str | None:
        """Return where a process waits for a lock: "in a batch" that it has entered, or "at the door"."""
        waiting = [row for row in await self._transactions(pid) if row["waits_for_lock"]]
        if not waiting:
            return None
        return "in a batch" if any(row["enters"] for row in waiting) else "at the door"

    @asynccontextmanager
    async def held(self, table: str) -> AsyncGenerator[None]:
        """Lock all rows of a table that are not locked yet, so that the next writer of a row waits."""
        async with self._connection.transaction():
            query = f"select from {table} for update skip locked"
            await self._connection.execute(query)
            yield

    async def written(self) -> dict[str, list[str]]:
        """Return every row of every table, the positions without their epochs."""
        places = "(select consumer, topic, partition, next_offset from positions)"
        return {table: await self._rows(table) for table in (*_WRITTEN, places)}

    async def lead_ids(self) -> dict[str, list[str]]:
        """Return the ids of the leads in the tables of scoring and of the hand-off."""
        return {
            "cycles": sorted(await self._column("select lead_id from cycles")),
            "leads": sorted(await self._column("select id from leads")),
        }

    async def _transactions(self, pid: int) -> list[asyncpg.Record]:
        # Within one transaction PostgreSQL would show the same moment again and again.
        await self._connection.execute("select pg_stat_clear_snapshot()")
        return await self._connection.fetch(_TRANSACTIONS, f"flipline-{pid}")

    async def _rows(self, table: str) -> list[str]:
        query = f"select * from {table} as rows"  # noqa: S608 - names of our own
        return sorted(map(repr, await self._connection.fetch(query)))

    async def _column(self, query: str, *arguments: Any) -> list[Any]:
        return [row[0] for row in await self._connection.fetch(query, *arguments)]


@asynccontextmanager
async def open_books(url: str) -> AsyncGenerator[Books]:
    connection = await asyncpg.connect(plain(url))
    try:
        yield Books(connection)
    finally:
        await connection.close()
