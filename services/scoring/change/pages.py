"""Pages of profiles, each in its own transaction, of a size that suits concurrent writes."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection

from shared.database.engine import Database
from shared.errors import Unavailable
from shared.following.pacing import SECONDS_OF_A_TRANSACTION, Pace

T = TypeVar("T")

RETRY_SECONDS: Final = 0.05
MAX_RETRIES_IN_A_ROW: Final = 100
# A process that waits for SQLite's one writer retries at most every 0.1 s, and must find it free.
PAUSE_SECONDS: Final = 0.12


class Pages:
    """Runs the transactions of pages one after the other; `most` is the largest size of a page."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._pace = Pace(SECONDS_OF_A_TRANSACTION[database.dialect], most)

    async def take(self, work: Callable[[Connection, int], T]) -> T:
        """Run `work` with the size of a page, and again with a smaller size while live batches disturb it.

        Raises Unavailable when that continues.
        """
        for left in reversed(range(MAX_RETRIES_IN_A_ROW + 1)):
            size = self._pace.size
            try:
                began, done = await self._database.unit(partial(_timed, work=work, size=size))
            except Unavailable:
                # A live batch has changed one of the page's profiles. That may always happen to a large page,
                # so half of it is tried again.
                if not left:
                    raise
                self._pace.failed()
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._pace.took(size, time.perf_counter() - began)
                return done
        raise AssertionError("the last try returns or raises")

    async def let_others_write(self) -> None:
        """Pause between two pages if there is only one writer, so that other processes get their turn."""
        if self._database.dialect == "sqlite":
            await asyncio.sleep(PAUSE_SECONDS)


def _timed(connection: Connection, work: Callable[[Connection, int], T], size: int) -> tuple[float, T]:
    """Run `work` and return when it began: the wait for other transactions says nothing about the page."""
    return time.perf_counter(), work(connection, size)
