"""Limits: how many matches are paid. In each period the earliest days use the limit up, per value of `by`."""

from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Ints, starts_of
from services.scoring.matrix.prices import PERIODS
from services.scoring.matrix.rules import Per

# The ordinal of the day from which numpy counts.
_EPOCH: Final = date(1970, 1, 1).toordinal()
_WEEK, _MONTH, _EVER = (PERIODS.index(per) for per in ("week", "month", "ever"))


def paid(times: Ints, limits: Ints, *group: NDArray[Any]) -> Ints:
    """Return how many matches of each row are paid; a limit holds for all rows of a group together.

    The rows of a group are adjacent, the earliest day first, so later rows change nothing for earlier rows.
    """
    until, starts = np.cumsum(times), starts_of(*group)
    until -= np.repeat(until[starts] - times[starts], np.diff(starts, append=len(times)))
    return np.minimum(until, limits) - np.minimum(until - times, limits)


def periods_of(days: Ints, per: Ints) -> Ints:
    """Return the numbers of the periods that days (UTC ordinals) lie in; within one kind they rise with time.

    `per` is the index of each row's kind of period in `PERIODS`.
    """
    periods = days.copy()
    for kind in np.flatnonzero(np.bincount(per, minlength=len(PERIODS))).tolist():
        some = per == kind
        if kind == _WEEK:
            periods[some] = (days[some] - 1) // 7  # ordinal 1 was a Monday
        elif kind == _MONTH:
            months = (days[some] - _EPOCH).astype("datetime64[D]").astype("datetime64[M]")
            periods[some] = months.astype(np.int64)
        elif kind == _EVER:
            periods[some] = 0
    return periods


def period_of(day: int, per: Per) -> int:
    """Return the number of the period that a day (UTC ordinal) lies in."""
    return int(periods_of(np.array([day], np.int64), np.array([PERIODS.index(per)]))[0])
