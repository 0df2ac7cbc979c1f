"""How long a connection may keep us waiting, and which connection makes way when all slots are taken."""

from collections.abc import Callable, Iterable
from math import inf
from typing import cast

from starlette.responses import Response

from shared.door import refusals
from shared.door.connection import BODY, HEAD, Connection
from shared.door.limits import Limits

# In each period a client has to take this much of its answer, or all that is left.
_PART_BYTES = 16 * 1024


class PatientConnection(Connection):
    """A connection that is cut off when its client takes too long; our own time does not count."""

    since: float | None = None
    """when the sweep first saw the client in this phase, in the loop's time; None while it is our turn"""
    _seen: tuple[str, object] = ("", None)
    _unread = 0
    _unread_since: float | None = None

    def look(self, now: float) -> None:
        """Cut the connection off when its client takes too long."""
        if self._leaves_unread(now):
            self.transport.abort()
            return
        limit = inf if self.transport.is_closing() else self._seconds_allowed()
        # Every request has a cycle of its own, so a new phase shows by itself.
        before, self._seen = self._seen, (self.phase, self.cycle)
        if limit is None:
            self.since = None
        elif self.since is None or before != self._seen:
            self.since = now
        elif now - self.since >= limit:
            self._give_up()

    def resume_writing(self) -> None:
        """Note that the client has taken much of its answer."""
        super().resume_writing()
        self._unread_since = None

    def make_way(self, refusal: Callable[[Limits], Response]) -> None:
        """Free the slot for another connection; a client that has begun a request gets the refusal."""
        if self.lingers or self.transport.is_closing():
            self.transport.abort()
        elif self.has_started:
            self.refuse(refusal(self.limits))
        else:
            self.transport.close()

    @property
    def has_started(self) -> bool:
        """Whether a part of a request has arrived that has no answer yet."""
        if self.phase == HEAD:
            # A head that begins behind another request is counted from the next piece on.
            return self.unfinished > 0 or self.cycle is not None  # pyright: ignore[reportUnnecessaryComparison] - None at first
        return self.phase == BODY and self.is_answering

    def longest_waiting(self, waits: Callable[["PatientConnection"], bool]) -> "PatientConnection | None":
        """Return the connection whose client has kept us waiting for longest, and not just for a moment."""
        latest = self.loop.time() - self.limits.patience_seconds
        connections = cast("Iterable[PatientConnection]", self.connections)
        found = [
            connection
            for connection in connections
            if connection.since is not None and connection.since <= latest and waits(connection)
        ]
        return min(found, key=lambda connection: connection.since or 0.0, default=None)

    def _seconds_allowed(self) -> float | None:
        """Return how long the client may stay in its present phase; None when it is our turn."""
        if self.phase == BODY:
            # While reading is paused the application has more than it took.
            return None if self.flow.read_paused else self.limits.body_seconds
        if self.lingers:
            return self.limits.linger_seconds
        if self.is_answering or self.pipeline:
            return None
        if self.phase == HEAD:
            return self.limits.head_seconds
        # uvicorn's own timer ends an idle connection, but has none when the answer came before the body.
        return self.timeout_keep_alive if self.timeout_keep_alive_task is None else inf

    def _give_up(self) -> None:
        if self.lingers:
            self.transport.abort()
        elif self.has_started:
            slow = refusals.head_too_slow if self.phase == HEAD else refusals.body_too_slow
            self.refuse(slow(self.limits))
        else:
            self.transport.close()

    def _leaves_unread(self, now: float) -> bool:
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._unread_since = None
        elif self._unread_since is None or unread <= self._unread - _PART_BYTES:
            self._unread, self._unread_since = unread, now
        return self._unread_since is not None and now - self._unread_since >= self.limits.unread_seconds
