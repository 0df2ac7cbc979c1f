"""Behaviour: what rules give to the profiles of a crowd for what they did, until the end of a day.

All rules are worked out at once, as columns: a call of numpy costs more before it begins than the few rows of
a lone profile take.
"""

from math import fsum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counts import Places
from services.scoring.core.crowd import Crowd, Ints
from services.scoring.core.fading import fades
from services.scoring.core.limits import paid, periods_of
from services.scoring.model.matrix import Matrix

Floats = NDArray[np.float64]


class Lines(NamedTuple):
    """What each rule gives to each profile that matches it, by rule and then by profile.

    `rule` is a place in the matrix, `profile` one in the crowd. `matches` are all that count, `paid` those
    that the limit lets be paid, `left` what time has left of their points, `points` that within the cap.
    """

    rule: Places
    profile: Places
    matches: Ints
    paid: Ints
    left: Floats
    points: Floats


class Matches(NamedTuple):
    """What counts at the end of a day, by rule, profile, value of `by` and day: `paid` of `times`."""

    rule: Places
    profile: Places
    day: Ints
    times: Ints
    paid: Ints


def matches(crowd: Crowd, matrix: Matrix, until: int, *, left_behind: bool = False) -> Matches:
    """Return what counts at the end of a day (UTC ordinal): no later days, and none left behind by a window.

    With `left_behind` these are there too.
    """
    prices = matrix.prices
    rule, row = crowd.rows_of([one.count_key for one in matrix.rules])
    days = crowd.day[row]
    counting = days <= until
    if prices.has_windows and not left_behind:
        counting &= days > until - prices.window[rule]
    if not counting.all():
        rule, row, days = rule[counting], row[counting], days[counting]
    profile, times = crowd.profile[row], crowd.times[row]
    period = periods_of(days, prices.per[rule])
    each = paid(times, prices.times[rule], rule, profile, crowd.by[row], period)
    return Matches(rule, profile, days, times, each)


def given(crowd: Crowd, matrix: Matrix, day: int, *, exact: bool = False) -> Lines:
    """Return what rules give at the end of a day (UTC ordinal): the limit, then time, then the cap.

    Sums of what fades are rounded once if `exact`, which takes a while for each of them, else a few times.
    """
    prices, rows = matrix.prices, matches(crowd, matrix, day)
    if not len(rows.day):
        return Lines(*(np.empty(0, type_) for type_ in (np.intp, np.intp, np.int64, np.int64, float, float)))
    starts = starts_of(rows.rule, rows.profile)
    whose, paid_of = rows.rule[starts], np.add.reduceat(rows.paid, starts)
    left = paid_of * prices.points[whose]
    if matrix.fades:
        values = rows.paid * prices.points[rows.rule] * fades(day - rows.day, prices.half_life[rows.rule])
        fading = prices.half_life[whose] > 0
        left = np.where(fading, np.add.reduceat(values, starts), left)
        if exact:
            ends = np.append(starts[1:], len(values))
            for place in np.flatnonzero(fading).tolist():
                left[place] = fsum(values[starts[place] : ends[place]])
    cap = prices.cap[whose]
    times = np.add.reduceat(rows.times, starts)
    return Lines(whose, rows.profile[starts], times, paid_of, left, np.clip(left, -cap, cap))


def starts_of(*columns: Places | Ints) -> Places:
    """Return where rows begin whose columns are not those of the row before."""
    begins = np.empty(len(columns[0]), np.bool_)
    begins[:1] = True
    np.not_equal(columns[0][1:], columns[0][:-1], out=begins[1:])
    for column in columns[1:]:
        begins[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(begins)
