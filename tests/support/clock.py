"""A clock that a test sets."""

from datetime import datetime, timedelta

from tests.support.builders import NOON


class FrozenClock:
    """Time stands still until a test moves it."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> None:
        self._at += timedelta(**by)
