"""Units of work on PostgreSQL: each runs in one greenlet, which yields to the event loop at statements."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.database.connections import OpenConnection, Work

T = TypeVar("T")


class Greenlets:
    """A pool of connections; what is read is read on the same ones."""

    def __init__(self, url: sa.URL, pool_size: int, silence_seconds: float) -> None:
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"server_settings": _server_settings(silence_seconds)},
        )

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


def _server_settings(silence_seconds: float) -> dict[str, str]:
    milliseconds = str(int(silence_seconds * 1000))
    return {
        "application_name": f"flipline-{os.getpid()}",
        "idle_in_transaction_session_timeout": milliseconds,
        # A server that cannot get rid of its answer does not count as idle.
        "tcp_user_timeout": milliseconds,
    }
