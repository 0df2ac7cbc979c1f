"""Pages of profiles, each taken in a transaction of its own, of a size that suits what happens beside."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import Database
from shared.errors import Unavailable

T = TypeVar("T")

# On SQLite nobody else writes while a page is counted or priced, so pages that take longer become smaller.
PAGE_SECONDS: Final = 0.5
LEAST_PAGE: Final = 50
RETRY_SECONDS: Final = 0.05
MAX_RETRIES_IN_A_ROW: Final = 100


class Pages:
    """Runs the transactions of pages one after the other; `most` is the largest size of a page."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._size = most

    async def take(self, work: Callable[[AsyncConnection, int], Awaitable[T]]) -> T:
        """Do the work for a page of the size it is given, again with a smaller one while it is disturbed.

        Raises Unavailable when that goes on.
        """
        for left in reversed(range(MAX_RETRIES_IN_A_ROW + 1)):
            try:
                async with self._database.unit() as connection:
                    # Not before: how long others keep us waiting says nothing about the page.
                    began = time.monotonic()
                    done = await work(connection, self._size)
            except Unavailable:
                # A live batch has changed one of the page's profiles. Of a large page somebody may always be
                # doing something, so half of it is done again.
                if not left:
                    raise
                self._size = max(1, self._size // 2)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._adapt(time.monotonic() - began)
                return done
        raise AssertionError("the last try returns or raises")

    def _adapt(self, seconds: float) -> None:
        if seconds > PAGE_SECONDS:
            self._size = max(self._size // 2, min(self._size, LEAST_PAGE))
        else:
            self._size = min(2 * self._size, self._most)
