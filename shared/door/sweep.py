"""One timer for all connections: it checks, now and then, whether a client takes too long.

A timer for each request would cost more than most requests do.
"""

import asyncio
from collections.abc import Collection
from typing import Protocol


class Watched(Protocol):
    """A connection that knows what it waits for."""

    def look(self, now: float) -> None:
        """Act when the client takes too long; `now` is the loop's time in seconds."""
        ...


class Sweep:
    """Runs while there are connections."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, loop: asyncio.AbstractEventLoop, connections: Collection[Watched]) -> None:
        """Check the connections from now on, until none is left."""
        if self._timer is None:
            self._timer = loop.call_later(self._interval_seconds, self._look, loop, connections)

    def _look(self, loop: asyncio.AbstractEventLoop, connections: Collection[Watched]) -> None:
        self._timer = None
        now = loop.time()
        # A copy, since a connection that is cut off leaves the collection.
        for connection in list(connections):
            connection.look(now)
        if connections:
            self.watch(loop, connections)
