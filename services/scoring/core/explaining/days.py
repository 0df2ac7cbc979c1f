"""Explaining: how much each day gave to each rule, what the limit left unpaid and what time has taken."""

from typing import NamedTuple

import numpy as np

from services.scoring.core.counting.arrays import starts_of
from services.scoring.core.pricing.fading import fade
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.rule_points import paid_rows
from services.scoring.matrix.matrix import Matrix


class Day(NamedTuple):
    """What one day (UTC ordinal) gave to a rule before its cap; `fade` is the part left by time (0 to 1)."""

    day: int
    matches: int
    paid: int
    fade: float
    points: float


def days_of_rules(known: ScoreInput, matrix: Matrix, until: int) -> dict[str, list[Day]]:
    """Return, by the id of each behaviour rule that has matches, its days up to `until` (UTC ordinal).

    Rules are in matrix order, the earliest day first. The points are before the caps, so they add up to the
    rule's reason in `price` unless its cap cut it.
    """
    rows = paid_rows(columns_of([known], matrix), matrix, until)
    order = np.lexsort((rows.day, rows.rule))
    rule, day = rows.rule[order], rows.day[order]
    starts = starts_of(rule, day)
    days_of: dict[str, list[Day]] = {}
    if len(starts):
        sums = (np.add.reduceat(column[order], starts).tolist() for column in (rows.times, rows.paid))
        for rule_index, on, times, paid in zip(
            rule[starts].tolist(), day[starts].tolist(), *sums, strict=True
        ):
            priced_rule = matrix.rules[rule_index]
            left = fade(until - on, priced_rule.half_life or 0)
            days_of.setdefault(priced_rule.id, []).append(
                Day(on, times, paid, left, paid * priced_rule.points * left)
            )
    return days_of
