"""Columns of a few profiles, made from how often something was counted on which day."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import pytest

from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import NONE, Changes, Counts
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.rule_points import Lines, rule_lines
from services.scoring.core.pricing.scores import scores_of
from services.scoring.matrix.matrix import Matrix

Days: TypeAlias = Mapping[int, Mapping[str, int]]
"""day (ordinal of the UTC date) -> value of `by`, "" without one -> how often"""


class Worth(NamedTuple):
    """What a rule gives: points after its cap, the number of matches, and the number of paid matches."""

    points: float
    matches: int
    paid: int


def once(*days: int) -> Days:
    return {day: {"": 1} for day in days}


def counts_of(days: Days, key: str = "visits") -> Counts:
    changes = Changes()
    for day, values in days.items():
        for by, times in values.items():
            changes.add(0, key, by, day, times)
    (counts,) = changes.to([NONE])
    return counts


def worths(rules: Matrix, profiles: Sequence[Days], until: int) -> list[Worth]:
    """The points of the only rule of a matrix for each profile; every way to round gives the same."""
    (rule,) = rules.rules
    columns = Columns([counts_of(days, rule.count_key) for days in profiles], rules.rules_of)
    exact, quick = (_by_profile(rule_lines(columns, rules, until, exact=exact)) for exact in (True, False))
    assert {index: amount[1:] for index, amount in exact.items()} == {
        index: amount[1:] for index, amount in quick.items()
    }
    for index, amount in exact.items():
        assert quick[index].points == pytest.approx(amount.points, rel=1e-12)
    return [exact.get(index, Worth(0, 0, 0)) for index in range(len(profiles))]


def worth(rules: Matrix, days: Days, until: int) -> Worth:
    (found,) = worths(rules, [days], until)
    return found


def _by_profile(lines: Lines) -> dict[int, Worth]:
    fields = lines.profile, lines.points, lines.matches, lines.paid
    each = zip(*(column.tolist() for column in fields), strict=True)
    return {index: Worth(points, matches, paid) for index, points, matches, paid in each}


class Parts(NamedTuple):
    """A rounded score and its parts."""

    points: float
    fit: float
    engagement: float


def scores(known: Sequence[ScoreInput], rules: Matrix, day: int, *others: Matrix) -> list[Parts]:
    """The scores of profiles that are priced together, in columns that have counts of other matrices, too."""
    columns = columns_of(known, rules, *others)
    found = scores_of(known, columns, rule_lines(columns, rules, day), rules, day)
    fields = found.points, found.fit, found.engagement
    return list(map(Parts, *(column.tolist() for column in fields)))
