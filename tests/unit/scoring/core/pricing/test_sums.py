"""Sums of many profiles are rounded as each sum alone is: half-even to 0.001, and never to -0.0."""

from collections.abc import Sequence
from itertools import product
from math import copysign, fsum

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.scoring.core.counting.counts import total
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.sums import Sums, rounded
from services.scoring.core.profiles.traits import NOTHING_KNOWN
from services.scoring.matrix.rules import MAX_POINTS
from tests.support.builders import interaction, rule
from tests.unit.scoring.columns import Parts, counts_of, scores
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by

TIES = [0.0005, 0.0015, 0.0025, 2.6745, 0.0625, 0.1875, 1.0005, 1000.0005, -0.0005, -2.6745, -0.0625]


def to_a_step(points: Sequence[float]) -> float:
    """The exact sum, as Python rounds it."""
    return round(fsum(points), 3) + 0.0


def totals_of(points: Sequence[float], several: Sequence[Sequence[int]]) -> list[float]:
    """The scores of profiles that are priced together; `several` has, for each, the matches of each rule."""
    rules = ruled_by(*(rule(f"r{n}", worth, when={"type": f"t{n}"}) for n, worth in enumerate(points)))
    keys = [each_rule.count_key for each_rule in rules.rules]
    counts = [
        total([counts_of({TODAY: {"": n}}, key) for n, key in zip(times, keys, strict=True)])
        for times in several
    ]
    return [
        score.points
        for score in scores(
            [ScoreInput(profile_counts, NOTHING_KNOWN) for profile_counts in counts], rules, TODAY
        )
    ]


@pytest.mark.parametrize(
    "points", [*([tie] for tie in TIES), [0.1, 0.2], [0.1, 0.2, -0.3], [0.1, 0.7, 0.0005], TIES]
)
def test_a_sum_is_rounded_half_even_from_its_exact_value(points: list[float]) -> None:
    """All sums of up to three of each, or of all except one if there are many."""
    few = len(points) <= 3
    several = (
        list(product(range(4), repeat=len(points)))
        if few
        else [[n != left_out for n in range(len(points))] for left_out in range(len(points))]
    )
    assert totals_of(points, several) == [
        to_a_step([worth * n for worth, n in zip(points, times, strict=True)]) for times in several
    ]


ten_thousandths = st.integers(-MAX_POINTS * 10_000, MAX_POINTS * 10_000).map(lambda n: n / 10_000)
small = st.integers(-50_000, 50_000).map(lambda n: n / 10_000)


@given(
    st.lists(
        st.tuples(ten_thousandths | small, st.integers(0, 3) | st.integers(0, 1_000_000)),
        min_size=1,
        max_size=6,
    )
)
@example([(1e6, 1000), (-1e6, 1000), (0.000500017, 1)])
@example([(1e6, 1000), (0.000500017, 1), (-1e6, 1000)])
def test_column_sums_equal_exact_sums_of_the_lines(lines: list[tuple[float, int]]) -> None:
    """Also when most of it is taken away again."""
    points, times = zip(*lines, strict=True)
    assert totals_of(points, [times, [0] * len(times), times]) == [
        to_a_step([worth * n for worth, n in lines]), 0, to_a_step([worth * n for worth, n in lines])
    ]  # fmt: skip


@given(st.lists(ten_thousandths | small | st.sampled_from(TIES) | st.floats(-1e18, 1e18)))
def test_the_exact_sum_is_computed_only_near_rounding_ties(sums: list[float]) -> None:
    exact_indexes: list[int] = []

    def exactly(index: int) -> float:
        exact_indexes.append(index)
        return to_a_step([sums[index]])

    column = np.array(sums, np.float64)
    assert rounded(Sums(column, np.abs(column)), exactly).tolist() == [to_a_step([value]) for value in sums]
    for index in exact_indexes:
        part = abs(sums[index]) * 1000 % 1
        assert abs(sums[index]) > 1_000 or part == pytest.approx(0.5, abs=1e-5)


def test_each_part_of_a_score_is_rounded_by_itself() -> None:
    """Half a step each, which add up to a whole step."""
    rules = ruled_by(rule(points=0.0625), traits=[{"id": "vp", "when": {"title": "VP"}, "points": 0.0625}])
    of = [
        known(rules, *done)
        for done in (
            [interaction(), identify(title="VP")],
            [identify(title="VP")],
            [interaction(), adjustment(-0.0005)],
        )
    ]
    assert scores(of, rules, TODAY) == [
        Parts(0.125, 0.062, 0.062),
        Parts(0.062, 0.062, 0),
        Parts(0.062, 0, 0.062),
    ]


def test_no_score_of_several_is_minus_zero() -> None:
    rules = ruled_by(rule(points=-0.0001), traits=[{"id": "vp", "when": {"title": "VP"}, "points": -0.0002}])
    of = [known(rules, interaction(), identify(title="VP")), known(rules, interaction()), known(rules)]
    assert [copysign(1, part) for score in scores(of, rules, TODAY) for part in score] == [1] * 9
