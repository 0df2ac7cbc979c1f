"""Crossing: the day on which a profile's score reached the flip number."""

from typing import Final

import numpy as np

from services.scoring.core.counting.adjustments import adjustments
from services.scoring.core.counting.arrays import Floats, Ints
from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.over_time import sums_over
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.scores import points
from services.scoring.core.pricing.sums import rounded
from services.scoring.matrix.matrix import Matrix

# Days are priced in blocks of this size: most searches end in the first block.
_AT_ONCE: Final = 512


def crossed_on(known: ScoreInput, matrix: Matrix, until: int) -> int | None:
    """Return the first day at whose end the score reaches the flip number, or None if none does by `until`.

    The search begins on the first day that the matrix reads.
    """
    columns = columns_of([known], matrix)
    return _first_to_reach(known, columns, matrix, _days_to_ask(known, columns, matrix, until))


def crossed_by(known: ScoreInput, columns: Columns, matrix: Matrix, day: int) -> int:
    """Return the day of crossing for a profile that reaches the flip number at the end of `day`.

    `columns` are those of this profile alone. Only days before the last candidate are priced: after that one
    the score was constant or fell, so it reached the flip number on it at the latest.
    """
    days = _days_to_ask(known, columns, matrix, day)
    earlier = _first_to_reach(known, columns, matrix, days[:-1])
    return int(days[-1]) if earlier is None else earlier


def _first_to_reach(known: ScoreInput, columns: Columns, matrix: Matrix, days: Ints) -> int | None:
    for start in range(0, len(days), _AT_ONCE):
        block = days[start : start + _AT_ONCE]
        reached = np.flatnonzero(_scores_over(known, columns, matrix, block) >= matrix.flip_number)
        if len(reached):
            return int(block[reached[0]])
    return None


def _scores_over(known: ScoreInput, columns: Columns, matrix: Matrix, days: Ints) -> Floats:
    sums = sums_over(known, columns, matrix, days)
    return rounded(sums, lambda index: points(known, matrix, int(days[index])))


def _days_to_ask(known: ScoreInput, columns: Columns, matrix: Matrix, until: int) -> Ints:
    """Return the days, rising, that the search must price: the score rises on no other day.

    While no count or trait begins or ends, the score is constant or falls, except for losses that fade.
    """
    changed = np.unique(known_days(known, columns, matrix))
    changed = changed[changed <= until]
    if not len(changed):
        return np.array([until], np.int64)
    if any(rule.half_life is not None and rule.points < 0 for rule in matrix.rules):
        return np.arange(changed[0], until + 1)
    days = np.union1d(changed, _ends_of_losses(columns, matrix))
    return days[days <= until]


def known_days(known: ScoreInput, columns: Columns, matrix: Matrix) -> Ints:
    """Return the days on which something that the matrix reads of one profile begins or ends."""
    others = list(known.traits.days) if matrix.reads_traits else []
    for since, adjustment, _ in adjustments(known.counts.by_hand, matrix.model):
        others.append(since)
        if adjustment.until is not None and since <= adjustment.until.toordinal():
            others.append(adjustment.until.toordinal() + 1)
    return np.concatenate([columns.day, np.array(others, np.int64)])


def _ends_of_losses(columns: Columns, matrix: Matrix) -> Ints:
    """Return the days on which an interaction that took points falls out of its window."""
    taking = (rule for rule in matrix.fading if rule.window is not None and rule.points < 0)
    found = ((columns.rows(rule.count_key), rule.window or 0) for rule in taking)
    return np.concatenate([np.empty(0, np.int64), *(rows.day + window for rows, window in found if rows)])
