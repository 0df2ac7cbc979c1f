"""The state of a worker: it works, it waits for a fault of ours to pass, or it is stuck.

A worker reports each unit of work that it finished, and each fault that keeps it from finishing one.
Readiness reads the reports. A fault stays reported until the worker finishes something, so a worker that
fails again and again never looks healthy between two failures.
"""

import time
from collections.abc import Callable

from shared.reasons import safe_reason

# Two workers that collided on the same rows try again within milliseconds; that does not make them unready.
PASSING_SECONDS = 1.0
# A worker with nothing to do reports that every few seconds, so a minute of silence means that it is stuck.
STALLED_SECONDS = 60.0


class Pulse:
    """What one worker last reported; `now` returns seconds of a monotonic clock."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._moved_at = self._alive_at = now()
        self._fault: str | None = None
        self._faulty_since = 0.0

    def moved(self) -> None:
        """Report a finished unit of work, or that there is none to do."""
        self.progressed()
        self._fault = None

    def progressed(self) -> None:
        """Report a start, or a part of the work under way; a fault that was reported stays."""
        self._moved_at = self._alive_at = self._now()

    def waits(self, error: BaseException) -> None:
        """Report the fault that keeps work waiting."""
        self._alive_at = self._now()
        if self._fault is None:
            self._faulty_since = self._now()
        self._fault = safe_reason(error)

    @property
    def silent_seconds(self) -> float:
        """How long the worker has reported nothing, not even a fault."""
        return self._now() - self._alive_at

    def complaint(self) -> str | None:
        """Return what is wrong with the worker in a sentence without personal data; None if it is healthy."""
        now = self._now()
        if self._fault is not None and now - self._faulty_since >= PASSING_SECONDS:
            return f"has waited for {now - self._faulty_since:.0f} s: {self._fault}"
        if now - self._moved_at >= STALLED_SECONDS:
            return f"has made no progress for {now - self._moved_at:.0f} s"
        return None
