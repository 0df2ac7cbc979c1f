"""Behaviour: the points that rules give to several profiles for what they did until the end of a day.

All rules are priced at once, as columns. A call of numpy has a fixed cost, and for a single profile that cost
is higher than the cost of its few rows; so the number of calls must not grow with the number of rules.
"""

from math import fsum
from typing import NamedTuple

import numpy as np

from services.scoring.core.counting.arrays import Floats, Indices, Ints, starts_of
from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.fading import fades
from services.scoring.core.pricing.limits import paid, periods_of
from services.scoring.matrix.matrix import Matrix


class Lines(NamedTuple):
    """What each rule gives to each profile that matches it, by rule and then by profile.

    `rule` is an index into the rules of the matrix, `profile` one into the profiles. `matches` counts all
    matches, `paid` those within the limit. `left` is their points after fading, `points` those after the cap.
    """

    rule: Indices
    profile: Indices
    matches: Ints
    paid: Ints
    left: Floats
    points: Floats


class PaidRows(NamedTuple):
    """The counts that exist on a day, sorted by rule, profile, value of `by` and day.

    Of the `times` of a row, the limit lets `paid` be paid.
    """

    rule: Indices
    profile: Indices
    day: Ints
    times: Ints
    paid: Ints


def paid_rows(columns: Columns, matrix: Matrix, until: int, *, ignore_windows: bool = False) -> PaidRows:
    """Return the counts up to the end of a day (UTC ordinal) that lie within the windows of their rules."""
    prices = matrix.prices
    rule, rows = columns.rows_of([priced.count_key for priced in matrix.rules])
    cuts = prices.has_windows and not ignore_windows
    if cuts or columns.last_day > until:
        days = columns.day[rows]
        exists = days <= until
        if cuts:
            exists &= days > until - prices.window[rule]
        rule, rows = rule[exists], np.arange(len(columns.day))[rows][exists]
    profile, day, times = columns.profile[rows], columns.day[rows], columns.times[rows]
    each = np.minimum(times, prices.times[rule])
    # In most rows the limit of a period applies to that row alone.
    shares = columns.repeats[rows] & prices.is_long[rule]
    if shares.any():
        shares[:-1] |= shares[1:]
        some = np.flatnonzero(shares)
        rules_of_rows, by = rule[some], columns.by[rows][some]
        period = periods_of(day[some], prices.per[rules_of_rows])
        each[some] = paid(times[some], prices.times[rules_of_rows], rules_of_rows, profile[some], by, period)
    return PaidRows(rule, profile, day, times, each)


def rule_lines(columns: Columns, matrix: Matrix, day: int, *, exact: bool = False) -> Lines:
    """Return what rules give at the end of a day (UTC ordinal): the limit, then time, then the cap.

    With `exact`, each sum of fading points is rounded once, in Python; otherwise numpy rounds each addition.
    """
    prices, rows = matrix.prices, paid_rows(columns, matrix, day)
    if not len(rows.day):
        return Lines(*(np.empty(0, type_) for type_ in (np.intp, np.intp, np.int64, np.int64, float, float)))
    starts = starts_of(rows.rule, rows.profile)
    rule, profile = rows.rule[starts], rows.profile[starts]
    matches, paid_matches = np.add.reduceat(rows.times, starts), np.add.reduceat(rows.paid, starts)
    left = paid_matches * prices.points[rule]
    if matrix.fades:
        of_rows = rows.paid * prices.points[rows.rule] * fades(day - rows.day, prices.half_life[rows.rule])
        is_fading = prices.half_life[rule] > 0
        left = np.where(is_fading, np.add.reduceat(of_rows, starts), left)
        if exact:
            ends = np.append(starts[1:], len(of_rows))
            for line in np.flatnonzero(is_fading).tolist():
                left[line] = fsum(of_rows[starts[line] : ends[line]])
    cap = prices.cap[rule]
    return Lines(rule, profile, matches, paid_matches, left, np.clip(left, -cap, cap))
