"""Connections for both dialects, and the unit of work: the only place that commits.

SQLite has one writer at a time. Writers therefore share one connection and begin with BEGIN IMMEDIATE: a
transaction that starts reading and wants to write later would fail at once instead of waiting. The writers of
a process take turns in the order in which they asked (first in, first out), so that none of them starves.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database.faults import our_faults_as_unavailable, unavailable
from shared.database.urls import SQLITE, read_url

BUSY_TIMEOUT_MS = 10_000
# A writer that waits this long for its turn gives up, so that an HTTP request does not hang.
WRITER_WAIT_SECONDS = 30.0
# Readiness is asked by anybody, and each proof costs a write to the disk.
PROOF_LASTS_SECONDS = 1.0
_WRITE_NOTHING_NEW = sa.text("update alembic_version set version_num = version_num")
_SIZE = {
    "postgresql": sa.text("select pg_database_size(current_database())"),
    "sqlite": sa.text("select page_count * page_size from pragma_page_count, pragma_page_size"),
}


class Database:
    """One writing and one reading engine on the same database.

    `silence_seconds` bounds how long this process may be silent within a transaction: one that froze would
    else hold its locks for ever, and nobody could take over what it had.
    """

    def __init__(self, url: str, *, pool_size: int = 10, silence_seconds: float = 10.0) -> None:
        parsed = read_url(url)
        self._turn = asyncio.Lock()
        self._alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._proven_at = float("-inf")
        self.dialect: Literal["sqlite", "postgresql"]
        if parsed.drivername == SQLITE:
            self.dialect = "sqlite"
            self._writer = _sqlite_engine(parsed, pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(parsed, pool_size=4, begin="BEGIN")
        else:
            self.dialect = "postgresql"
            self._writer = self._reader = create_async_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=0,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"server_settings": _server_settings(silence_seconds)},
            )

    @asynccontextmanager
    async def unit(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that commits when the block ends and rolls back when it raises.

        Raises Unavailable for every error of the database that is not about the data (`faults`).
        """
        with our_faults_as_unavailable():
            async with self._writers_turn(), self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def _writers_turn(self) -> AsyncGenerator[None]:
        if self.dialect == "postgresql":
            yield
            return
        try:
            async with asyncio.timeout(WRITER_WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise unavailable("WRITER_BUSY") from error
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def alone(self, task: str) -> AsyncGenerator[None]:
        """Let one worker of this process at a time do the task; the others wait."""
        async with self._alone[task]:
            yield

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection for queries alone; raises Unavailable as `unit` does."""
        with our_faults_as_unavailable():
            async with self._reader.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Commit a small change; raises Unavailable when a transaction could not be written now."""
        async with self.alone("ping"):
            now = asyncio.get_running_loop().time()
            if now - self._proven_at > PROOF_LASTS_SECONDS:
                async with self.unit() as connection:
                    await connection.execute(_WRITE_NOTHING_NEW)
                self._proven_at = asyncio.get_running_loop().time()

    async def size_bytes(self) -> int:
        """Return how much room the database takes."""
        async with self.reading() as connection:
            return int((await connection.execute(_SIZE[self.dialect])).scalar_one())

    async def close(self) -> None:
        """Give the connections back."""
        await self._writer.dispose()
        await self._reader.dispose()


def _server_settings(silence_seconds: float) -> dict[str, str]:
    milliseconds = str(int(silence_seconds * 1000))
    return {
        "application_name": f"flipline-{os.getpid()}",
        "idle_in_transaction_session_timeout": milliseconds,
        # A server that cannot get rid of its answer does not count as idle.
        "tcp_user_timeout": milliseconds,
    }


def _sqlite_engine(url: sa.URL, *, pool_size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0, hide_parameters=True)

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins, not the driver
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute(f"pragma busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("pragma foreign_keys=on")
        cursor.close()

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    def on_invalidate(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # A cancelled statement leaves a cursor that only the garbage collector finds; until then closing
        # its connection would neither end the transaction nor give its write lock back.
        with suppress(DBAPIError, engine.dialect.loaded_dbapi.Error):
            connection.rollback()

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    event.listen(engine.sync_engine, "invalidate", on_invalidate)
    return engine
