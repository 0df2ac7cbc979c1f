"""Scores of many profiles under a matrix on a day, summed up by column."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from services.scoring.core.counting.adjustments import adjustments
from services.scoring.core.counting.arrays import Floats
from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.inactivity import idle
from services.scoring.core.pricing.price import Score, ScoreInput, columns_of, holding, price
from services.scoring.core.pricing.rule_points import Lines, rule_lines
from services.scoring.core.pricing.sums import Part, rounded
from services.scoring.matrix.matrix import ADJUSTMENT_RULE, INACTIVITY_RULE, Matrix


class Scores(NamedTuple):
    """The points of several profiles, in their order; the parts have the meaning of those of `Score`."""

    points: Floats
    fit: Floats
    engagement: Floats
    exact: Floats
    exact_engagement: Floats


def scores_of(
    known: Sequence[ScoreInput], columns: Columns, lines: Lines, matrix: Matrix, day: int
) -> Scores:
    """Return the scores of profiles at the end of a day (UTC ordinal), each equal to that of `price`.

    `lines` are the lines of the rules for these profiles on that day.
    """
    done, are = Part(matrix, columns.size), Part(matrix, columns.size)
    done.add_lines(lines)
    for rule, profiles in holding(known, matrix, day):
        are.add(rule.id, profiles, np.full(len(profiles), rule.points))
    if matrix.inactivity is not None:
        inactive = idle(columns, matrix.inactivity, day)
        done.add(INACTIVITY_RULE, inactive.profiles, inactive.points)
    _add_by_hand(done, known, matrix, day)
    fit, engagement = are.sums(), done.sums()
    total = fit.plus(engagement)

    @lru_cache
    def exactly(index: int) -> Score:
        return price(known[index], matrix, day)

    return Scores(
        rounded(total, lambda index: exactly(index).points),
        rounded(fit, lambda index: exactly(index).fit),
        rounded(engagement, lambda index: exactly(index).engagement),
        total.points,
        engagement.points,
    )


def _add_by_hand(part: Part, known: Sequence[ScoreInput], matrix: Matrix, day: int) -> None:
    for index, score_input in enumerate(known):
        if score_input.counts.by_hand:
            for since, made, times in adjustments(score_input.counts.by_hand, matrix.model):
                if made.holds(since, day):
                    part.add(ADJUSTMENT_RULE, np.array([index]), np.array([made.points * times]))


def points(known: ScoreInput, matrix: Matrix, day: int) -> float:
    """Return only the points of `price`."""
    columns = columns_of([known], matrix)
    return float(scores_of([known], columns, rule_lines(columns, matrix, day), matrix, day).points[0])
