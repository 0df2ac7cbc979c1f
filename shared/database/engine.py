"""The database: its dialect, and units of work on it, the only place that commits.

A unit of work is a plain function of a connection. It runs where statements are cheapest: on SQLite in a
thread (`threads`), on PostgreSQL in one greenlet on the event loop (`greenlets`).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Final, Literal, Protocol, TypeVar, TypeVarTuple

import sqlalchemy as sa

from shared.database.connections import Connections, OpenConnection, Work
from shared.database.faults import our_faults_as_unavailable
from shared.database.greenlets import Greenlets
from shared.database.threads import Threads
from shared.database.urls import SQLITE, read_url

# Anybody may ask for readiness, and each check costs a write to the disk.
PROOF_LASTS_SECONDS: Final = 1.0
_WRITE_NOTHING_NEW: Final = sa.text("update alembic_version set version_num = version_num")
_SIZE: Final = {
    "postgresql": sa.text("select pg_database_size(current_database())"),
    "sqlite": sa.text("select page_count * page_size from pragma_page_count, pragma_page_size"),
}

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Unit(Protocol):
    """Does a unit of work in a transaction, as `Database.unit` does."""

    async def __call__(self, work: Work[T], /) -> T:
        """Do the work, commit, and return what the work returned."""
        ...


class Database:
    """Units of work on one database; they raise Unavailable for errors that are not about data (`faults`).

    `silence_seconds` bounds how long this process may be silent within a transaction on PostgreSQL: a
    frozen process would otherwise keep its locks for ever, and no other process could take over its work.
    """

    def __init__(self, url: str, *, pool_size: int = 10, silence_seconds: float = 10.0) -> None:
        parsed = read_url(url)
        self.url: Final = parsed
        self.dialect: Literal["sqlite", "postgresql"]
        self._connections: Connections
        if parsed.drivername == SQLITE:
            self.dialect = "sqlite"
            self._connections = Threads(parsed)
        else:
            self.dialect = "postgresql"
            self._connections = Greenlets(parsed, pool_size, silence_seconds)
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._proven_at = float("-inf")

    async def unit(self, work: Work[T]) -> T:
        """Do the work in a transaction, commit, and return what the work returned.

        The transaction rolls back when the work raises or the caller is cancelled.
        """
        with our_faults_as_unavailable():
            return await self._connections.write(work)

    async def read(self, work: Work[T]) -> T:
        """Do the work, which only reads, and return what it returned; on SQLite it sees one snapshot."""
        with our_faults_as_unavailable():
            return await self._connections.read(work)

    @asynccontextmanager
    async def open_unit(self) -> AsyncGenerator[OpenConnection]:
        """Open a transaction for several calls with other awaits between them; otherwise as `unit`."""
        with our_faults_as_unavailable():
            async with self._connections.open_writer() as connection:
                yield connection

    @asynccontextmanager
    async def open_read(self) -> AsyncGenerator[OpenConnection]:
        """Open a connection for several calls that only read; otherwise as `read`."""
        with our_faults_as_unavailable():
            async with self._connections.open_reader() as connection:
                yield connection

    async def pages(self, query: sa.Select[*Ts], size: int) -> AsyncGenerator[Sequence[sa.Row[*Ts]]]:
        """Yield the rows of a query as of one instant, in pages of `size`."""
        async with self.open_read() as connection, aclosing(connection.pages(query, size)) as pages:
            async for page in pages:
                yield page

    @asynccontextmanager
    async def alone(self, task: str) -> AsyncGenerator[None]:
        """Let one worker of this process at a time do the task; the others wait."""
        async with self._alone[task]:
            yield

    async def ping(self) -> None:
        """Commit a small change; raises Unavailable when no transaction can be written now."""
        async with self.alone("ping"):
            now = asyncio.get_running_loop().time()
            if now - self._proven_at > PROOF_LASTS_SECONDS:
                await self.unit(lambda connection: connection.execute(_WRITE_NOTHING_NEW).close())
                self._proven_at = asyncio.get_running_loop().time()

    async def size_bytes(self) -> int:
        """Return the size of the database in bytes."""
        size = _SIZE[self.dialect]
        return int(await self.read(lambda connection: connection.execute(size).scalar_one()))

    async def close(self) -> None:
        """Close all connections; the database cannot be used after that."""
        await self._connections.close()
