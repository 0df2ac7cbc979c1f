"""The past of a count, summed up once, so that what was paid until any of its days is a look-up.

A search over years of days asks for each of them, and going through all that lie before it would make the
time grow with the square of the days. Who asks for a single day has no use for it.
"""

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from services.scoring.core.days import Days
from services.scoring.core.limits import Paid, paid_by_day, paid_of, period_of
from services.scoring.model.rules import Limit


class _Sums(NamedTuple):
    """The matches, and the paid ones, of the first 0, 1, 2 ... days."""

    matches: list[int]
    paid: list[int]


class Past(Days):
    """Days that nobody changes for as long as they are searched."""

    __slots__ = ("_each", "_faded", "_order", "_sums")

    def __init__(self, days: Days) -> None:
        super().__init__(days)
        self._order = sorted(days)
        # All by the limit, for rules that count the same may be limited otherwise.
        self._each: dict[Limit | None, list[Paid]] = {}
        self._sums: dict[Limit | None, _Sums] = {}
        self._faded: dict[tuple[Limit | None, int], list[float]] = {}

    def latest(self, until: int) -> int | None:
        """Return the last day up to one, None when all are later."""
        end = bisect_right(self._order, until)
        return self._order[end - 1] if end else None

    def paid(self, limit: Limit | None, since: int, until: int) -> tuple[int, int]:
        """Return how many matches there are after day `since` and up to `until`, and how many are paid."""
        start, end = bisect_right(self._order, since), bisect_right(self._order, until)
        if start == end:
            return 0, 0
        sums = self._sums_of(limit)
        matches = sums.matches[end] - sums.matches[start]
        if limit is None or not start:
            return matches, sums.paid[end] - sums.paid[start]
        # Days left behind used up some of the period that `since` lies in: the rest of it is limited anew.
        first = period_of(self._order[start], limit)
        whole = bisect_right(self._order, first, start, end, key=lambda day: period_of(day, limit))
        cut = {day: self[day] for day in self._order[start:whole]}
        return matches, paid_of(cut, limit)[1] + sums.paid[end] - sums.paid[whole]

    def faded(self, limit: Limit | None, half_life: int, until: int) -> float:
        """Return the paid matches up to a day, each as the part (0 to 1) that time has left of it.

        It is summed day upon day and so rounded many times: to some 1e-12 of itself for ten years of days.
        """
        end = bisect_right(self._order, until)
        if not end:
            return 0.0
        return self._faded_of(limit, half_life)[end - 1] * fade(until - self._order[end - 1], half_life)

    def _each_of(self, limit: Limit | None) -> list[Paid]:
        if limit not in self._each:
            self._each[limit] = paid_by_day(self, limit)
        return self._each[limit]

    def _sums_of(self, limit: Limit | None) -> _Sums:
        if limit not in self._sums:
            each = self._each_of(limit)
            matches = accumulate((one.matches for one in each), initial=0)
            paid = accumulate((one.paid for one in each), initial=0)
            self._sums[limit] = _Sums([*matches], [*paid])
        return self._sums[limit]

    def _faded_of(self, limit: Limit | None, half_life: int) -> list[float]:
        """Return, for each day, what is left at its end of all that was paid until then."""
        if (limit, half_life) not in self._faded:
            faded: list[float] = []
            left, before = 0.0, 0
            for day, _, paid in self._each_of(limit):
                left = left * fade(day - before, half_life) + paid
                before = day
                faded.append(left)
            self._faded[limit, half_life] = faded
        return self._faded[limit, half_life]


def fade(days: int, half_life: int) -> float:
    """Return what so many days leave of a point (0 to 1)."""
    return 2.0 ** (-days / half_life)
