"""Given: a world in which time stands still until a test moves it."""

from datetime import datetime, timedelta

from tests.builders import NOON


class FrozenClock:
    """A clock that a test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> None:
        self._at += timedelta(**by)
