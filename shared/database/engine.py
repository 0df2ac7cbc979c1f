"""Connections for both dialects, and the unit of work: the only place that commits.

SQLite has one writer at a time. Writers therefore share one connection and begin with BEGIN IMMEDIATE: a
transaction that starts reading and wants to write later would fail at once instead of waiting.
"""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.database.urls import SQLITE, read_url
from shared.errors import Unavailable

BUSY_TIMEOUT_MS = 10_000
# SQLSTATE classes and codes after which the same transaction may succeed when it is run again:
# connection lost (08), silent for too long, out of resources (53), operator intervention (57P),
# serialization and deadlock.
_TRANSIENT = ("08", "25P03", "53", "57P", "40001", "40P01", "55P03")


class Database:
    """One writing and one reading engine on the same database.

    `silence_seconds` bounds how long this process may be silent within a transaction: one that froze would
    else hold its locks for ever, and nobody could take over what it had.
    """

    def __init__(self, url: str, *, pool_size: int = 10, silence_seconds: float = 10.0) -> None:
        parsed = read_url(url)
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
                connect_args={"server_settings": _server_settings(silence_seconds)},
            )

    @asynccontextmanager
    async def unit(self) -> AsyncGenerator[AsyncConnection]:
        """Open a transaction that commits when the block ends and rolls back when it raises.

        Raises Unavailable when the database is away or asks for the transaction to be run again.
        """
        with _told_apart():
            async with self._writer.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """Open a connection for queries alone; raises Unavailable as `unit` does."""
        with _told_apart():
            async with self._reader.connect() as connection:
                yield connection

    async def ping(self) -> None:
        """Raise Unavailable when the database does not answer."""
        async with self.reading() as connection:
            await connection.execute(sa.select(1))

    async def close(self) -> None:
        """Give the connections back."""
        await self._writer.dispose()
        await self._reader.dispose()


@contextmanager
def _told_apart() -> Generator[None]:
    """Turn the drivers' passing troubles into Unavailable and leave our own mistakes as they are."""
    try:
        yield
    except DBAPIError as error:
        if _is_transient(error):
            raise Unavailable("database_unavailable", f"The database asks to wait: {error.orig}") from error
        raise
    except (OSError, PoolTimeoutError) as error:
        raise Unavailable("database_unavailable", f"The database does not answer: {error}") from error


def _is_transient(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate.startswith(_TRANSIENT)
    return "database is locked" in str(error.orig) or "connection is closed" in str(error.orig)


def _server_settings(silence_seconds: float) -> dict[str, str]:
    milliseconds = str(int(silence_seconds * 1000))
    return {
        "application_name": f"flipline-{os.getpid()}",
        "idle_in_transaction_session_timeout": milliseconds,
        # A server that cannot get rid of its answer does not count as idle.
        "tcp_user_timeout": milliseconds,
    }


def _sqlite_engine(url: sa.URL, *, pool_size: int, begin: str) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=0)

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
