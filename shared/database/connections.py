"""What the two dialects have in common: units of work, and connections that stay open for several calls."""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias, TypeVar, TypeVarTuple

import sqlalchemy as sa

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Work: TypeAlias = Callable[[sa.Connection], T]
"""Statements, and code that reads their rows; it may run in another thread, so it uses no event loop."""


class OpenConnection(Protocol):
    """A connection that stays open between calls."""

    @abstractmethod
    async def run(self, work: Work[T]) -> T:
        """Do the work and return what it returned."""

    @abstractmethod
    async def invalidate(self) -> None:
        """End the session of the connection instead of giving it back to the pool."""

    async def pages(self, query: sa.Select[*Ts], size: int) -> AsyncGenerator[Sequence[sa.Row[*Ts]]]:
        """Yield the rows of a query in pages of `size`, with only one page in memory at a time."""
        result = await self.run(
            lambda connection: connection.execute(query, execution_options={"yield_per": size})
        )
        pages = result.partitions()
        try:
            while (page := await self.run(lambda _: next(pages, None))) is not None:
                yield page
        finally:
            await self.run(lambda _: result.close())


class Connections(Protocol):
    """The connections to one database."""

    async def write(self, work: Work[T]) -> T:
        """Do the work in a transaction and commit it."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Do the work on a connection for queries alone."""
        ...

    def open_writer(self) -> AbstractAsyncContextManager[OpenConnection]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        ...

    def open_reader(self) -> AbstractAsyncContextManager[OpenConnection]:
        """Open a connection for queries alone."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
