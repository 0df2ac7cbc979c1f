"""Due: the day on which a score may change without a new interaction."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Ints
from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.crossing import known_days
from services.scoring.core.pricing.inactivity import last_active, next_step
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.rule_points import Lines
from services.scoring.core.pricing.scores import Scores
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import DIGITS

_HALF_A_STEP: Final = 0.5 * 10**-DIGITS
_NEVER: Final = np.iinfo(np.int64).max


def next_changes(
    known: Sequence[ScoreInput], columns: Columns, lines: Lines, scores: Scores, matrix: Matrix, day: int
) -> list[int | None]:
    """Return for each profile the first day after `day` on which its score may change by itself, if any.

    `lines` and `scores` are those of `day`.
    """
    due = _Due(columns.size, day)
    for index in _with_later_days(known, columns, matrix, day):
        score_input = known[index]
        due.on(np.array([index]), known_days(score_input, columns_of([score_input], matrix), matrix))
    for rule in matrix.fading:
        rows = columns.rows(rule.count_key)
        if rule.window is not None and rows is not None:
            due.on(rows.profile, rows.day + rule.window)
    if matrix.fades:
        due.on(np.flatnonzero(_fades_on(lines, scores, matrix)), np.array([day + 1]))
    if matrix.inactivity is not None:
        profiles, last = last_active(columns, day)
        due.on(profiles, last + matrix.inactivity.after)
        due.on(profiles, next_step(matrix.inactivity, last, day))
    return [None if due_day == _NEVER else due_day for due_day in due.days.tolist()]


class _Due:
    """For each profile the first of the added days that lies after `day`."""

    def __init__(self, size: int, day: int) -> None:
        self.days: Ints = np.full(size, _NEVER)
        self._day = day

    def on(self, profiles: NDArray[np.intp], days: Ints) -> None:
        profiles, days = np.broadcast_arrays(profiles, days)
        later = days > self._day
        np.minimum.at(self.days, profiles[later], days[later])


def _with_later_days(known: Sequence[ScoreInput], columns: Columns, matrix: Matrix, day: int) -> set[int]:
    """Return the indices of the profiles that have anything after a day, which is rare."""
    indexes = {index for index, score_input in enumerate(known) if score_input.counts.by_hand}
    if matrix.reads_traits:
        last = ((index, score_input.traits.days[-1:]) for index, score_input in enumerate(known))
        indexes.update(index for index, days in last if days and days[0] > day)
    return indexes.union(columns.profile[columns.day > day].tolist())


def _fades_on(lines: Lines, scores: Scores, matrix: Matrix) -> NDArray[np.bool_]:
    """Return for which profiles fading can still change a rounded score, or the engagement of a grade.

    Without that bound a profile that ever matched a fading rule would be priced again every day for ever.
    """
    fading = np.flatnonzero(matrix.prices.half_life[lines.rule])
    left = np.bincount(lines.profile[fading], np.abs(lines.left[fading]), len(scores.exact))
    # Fit, the other part of a grade, has nothing that fades.
    moving = (scores.exact, scores.exact_engagement) if matrix.grading else (scores.exact,)
    room = np.min([_HALF_A_STEP - np.abs(exact - np.round(exact, DIGITS)) for exact in moving], axis=0)
    return (left > 0) & (left >= room)
