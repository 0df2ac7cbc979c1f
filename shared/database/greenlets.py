"""Units of work on PostgreSQL: each runs in one greenlet, which yields to the event loop at statements."""

import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.database.connections import OpenConnection, Work

# A connection in steady use notices at its next statement that the server is down.
PING_AFTER_SECONDS: Final = 0.5
_RESTS_SINCE: Final = "rests_since"

T = TypeVar("T")


class Greenlets:
    """A pool of connections, for writes and reads alike."""

    def __init__(self, url: sa.URL, pool_size: int, silence_seconds: float) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
            connect_args={"server_settings": _server_settings(silence_seconds)},
        )
        _ping_after_rest(self._engine.sync_engine)

    async def write(self, work: Work[T]) -> T:
        """Do the work in a transaction and commit it."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def read(self, work: Work[T]) -> T:
        """Do the work on a connection for queries alone."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    @asynccontextmanager
    async def open_writer(self) -> AsyncGenerator[OpenConnection]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        async with self._engine.begin() as connection:
            yield _Open(connection)

    @asynccontextmanager
    async def open_reader(self) -> AsyncGenerator[OpenConnection]:
        """Open a connection for queries alone."""
        async with self._engine.connect() as connection:
            yield _Open(connection)

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()


class _Open(OpenConnection):
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, work: Work[T]) -> T:
        return await self._connection.run_sync(work)

    async def invalidate(self) -> None:
        await self._connection.invalidate()


def _ping_after_rest(engine: sa.Engine) -> None:
    """Ping an idle connection before it is used; a dead connection is replaced by a new one.

    SQLAlchemy's own ping costs a round trip before every transaction.
    """

    def on_checkin(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_RESTS_SINCE] = time.monotonic()

    def on_checkout(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        rests_since: float | None = record.info.get(_RESTS_SINCE)
        if rests_since is None or time.monotonic() - rests_since < PING_AFTER_SECONDS:
            return
        dialect: Any = engine.dialect
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", on_checkin)
    event.listen(engine, "checkout", on_checkout)


def _server_settings(silence_seconds: float) -> dict[str, str]:
    milliseconds = str(int(silence_seconds * 1000))
    return {
        "application_name": f"flipline-{os.getpid()}",
        "idle_in_transaction_session_timeout": milliseconds,
        # A server that cannot send its answer does not count as idle.
        "tcp_user_timeout": milliseconds,
    }
