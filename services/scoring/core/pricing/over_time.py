"""Scores over time: the score of one profile at the end of each of many days."""

from collections.abc import Iterator

import numpy as np

from services.scoring.core.counting.adjustments import adjustments
from services.scoring.core.counting.arrays import Floats, Indices, Ints
from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import ACTIVITY
from services.scoring.core.pricing.fading import fades
from services.scoring.core.pricing.inactivity import steps_after, taken
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.rule_points import paid_rows, rule_lines
from services.scoring.core.pricing.sums import Part, Sums
from services.scoring.matrix.matrix import ADJUSTMENT_RULE, INACTIVITY_RULE, Matrix
from services.scoring.matrix.rules import Rule


def sums_over(known: ScoreInput, columns: Columns, matrix: Matrix, days: Ints) -> Sums:
    """Return the score at the end of each day (UTC ordinals, rising) before it is rounded.

    `columns` are those of this profile alone.
    Fading points are summed up day by day and rounded each time: a relative error of 1e-12 over ten years.
    """
    each = np.arange(len(days))
    done, are = Part(matrix, len(days)), Part(matrix, len(days))
    for rule, points in _points_of_rules(columns, matrix, days):
        done.add(rule.id, each, points)
    _add_traits(are, known, matrix, days)
    _add_inactivity(done, columns, matrix, days)
    for since, made, times in adjustments(known.counts.by_hand, matrix.model):
        holding = np.flatnonzero([made.holds(since, day) for day in days.tolist()])
        done.add(ADJUSTMENT_RULE, holding, np.full(len(holding), made.points * times))
    return done.sums().plus(are.sums())


def _points_of_rules(columns: Columns, matrix: Matrix, days: Ints) -> Iterator[tuple[Rule, Floats]]:
    """Yield the points at the end of each day, for each rule that was ever matched."""
    prices = matrix.prices
    rows = paid_rows(columns, matrix, int(days[-1]), ignore_windows=True)
    # A row counts from the first of these days that is not before the row's own day.
    first_day = np.searchsorted(days, rows.day)
    paid = rows.paid * fades(days[first_day] - rows.day, prices.half_life[rows.rule])
    ends = np.searchsorted(days, rows.day + prices.window[rows.rule])
    ended = ends < len(days)
    shape = len(matrix.rules), len(days)
    changes = _at(rows.rule, first_day, paid, shape) - _at(rows.rule[ended], ends[ended], paid[ended], shape)
    paid_by = _faded(changes, days, prices.half_life) if matrix.fades else np.cumsum(changes, axis=1)
    cap = prices.cap[:, None]
    points = np.clip(paid_by * prices.points[:, None], -cap, cap)
    cut = np.array([_is_cut(rule) for rule in matrix.rules], np.bool_)
    if cut[rows.rule].any():
        points[cut] = _day_by_day(columns, matrix, days)[cut]
    for index in np.unique(rows.rule).tolist():
        yield matrix.rules[index], points[index]


def _is_cut(rule: Rule) -> bool:
    """Return whether a window can cut a period of the limit; the limit then applies anew to the rest."""
    return rule.window is not None and rule.limit is not None and rule.limit.per != "day"


def _at(rule: Indices, day: Indices, paid: Floats, shape: tuple[int, int]) -> Floats:
    sums = np.bincount(rule * shape[1] + day, paid, shape[0] * shape[1])
    return sums.astype(np.float64, copy=False).reshape(shape)


def _faded(changes: Floats, days: Ints, half_lives: Ints) -> Floats:
    """Return, by rule and day, the paid matches up to that day, each after its fading."""
    nights = np.diff(days)
    left_by = {
        number: fades(np.full(len(half_lives), number), half_lives) for number in np.unique(nights).tolist()
    }
    for index, number in enumerate(nights.tolist(), start=1):
        changes[:, index] += changes[:, index - 1] * left_by[number]
    return changes


def _day_by_day(columns: Columns, matrix: Matrix, days: Ints) -> Floats:
    """Return what each rule gives at the end of each day, by pricing each day separately."""
    points = np.zeros((len(matrix.rules), len(days)))
    for column, day in enumerate(days.tolist()):
        lines = rule_lines(columns, matrix, day)
        points[lines.rule, column] = lines.points
    return points


def _add_traits(part: Part, known: ScoreInput, matrix: Matrix, days: Ints) -> None:
    if not matrix.traits:
        return
    # Traits are constant between the days on which any is set.
    set_on = np.array([0, *known.traits.days], np.int64)
    last = set_on[np.searchsorted(set_on, days, side="right") - 1]
    for since in np.unique(last).tolist():
        indexes = np.flatnonzero(last == since)
        traits = known.traits.at(since)
        for rule in matrix.traits:
            if rule.holds(traits):
                part.add(rule.id, indexes, np.full(len(indexes), rule.points))


def _add_inactivity(part: Part, columns: Columns, matrix: Matrix, days: Ints) -> None:
    rows = columns.rows(ACTIVITY)
    if matrix.inactivity is None or rows is None:
        return
    ends = np.searchsorted(rows.day, days, side="right")
    active = np.flatnonzero(ends)
    idle = days[active] - rows.day[ends[active] - 1]
    part.add(INACTIVITY_RULE, active, taken(matrix.inactivity, steps_after(matrix.inactivity, idle)))
