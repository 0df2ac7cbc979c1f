"""Fading: by half after a half-life, and the same to the bit for one number of nights as for many."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.pricing.fading import fade, fades
from services.scoring.matrix.rules import MAX_DAYS
from tests.support.builders import rule
from tests.unit.scoring.columns import Worth, once, worth
from tests.unit.scoring.known import TODAY, ruled_by

FIRST, LAST = date.min.toordinal(), date.max.toordinal()


def test_points_halve_after_a_half_life() -> None:
    fading = ruled_by(rule(points=8, half_life="10d"))
    days = once(TODAY)
    assert [worth(fading, days, TODAY + later).points for later in (0, 10, 20)] == [8, 4, 2]
    assert worth(fading, days, TODAY + 5).points == pytest.approx(8 * 0.5**0.5)


def test_each_day_fades_for_itself() -> None:
    fading = ruled_by(rule(points=8, half_life="10d"))
    assert worth(fading, {TODAY: {"": 2}, TODAY + 10: {"": 1}}, TODAY + 10) == Worth(16, 3, 3)


def test_the_earliest_days_use_up_a_limit_also_when_they_have_faded() -> None:
    fading = ruled_by(rule(points=8, half_life="10d", limit={"times": 2, "per": "ever"}))
    days = once(TODAY + 20, TODAY + 10, TODAY)
    assert worth(fading, days, TODAY + 20) == Worth(2 + 4, 3, 2)


def test_the_cap_applies_after_fading() -> None:
    fading = ruled_by(rule(points=8, half_life="10d", cap=10))
    assert [worth(fading, {TODAY: {"": 2}}, TODAY + later).points for later in (0, 10)] == [10, 8]


def assert_same(nights: list[int], half_lives: list[int]) -> None:
    left = fades(np.array(nights, np.int64), np.array(half_lives, np.int64))
    assert left.tolist() == [fade(*pair) for pair in zip(nights, half_lives, strict=True)]


@pytest.mark.parametrize("half_life", [1, 2, 3, 7, 30, 365, 1_000, MAX_DAYS])
def test_fades_equals_fade_for_any_number_of_nights(half_life: int) -> None:
    """The first numbers of nights are in a table, the others are not."""
    for nights in (range(4_096), range(6_000), [5, 4_095], [5, 4_096], [LAST - FIRST], [0]):
        assert_same(list(nights), [half_life] * len(nights))


def test_after_each_half_life_exactly_half_is_left() -> None:
    times = list(range(1_000))
    for half_life in (1, 3, 30, 365):
        left = fades(np.array(times) * half_life, np.full(len(times), half_life))
        assert left.tolist() == [2.0**-n for n in times]


@given(st.lists(st.tuples(st.integers(0, LAST - FIRST) | st.integers(0, 5_000), st.integers(0, MAX_DAYS))))
def test_fades_equals_fade_for_mixed_half_lives(rows: list[tuple[int, int]]) -> None:
    assert_same([nights for nights, _ in rows], [half_life for _, half_life in rows])


def test_points_do_not_fade_without_a_half_life() -> None:
    assert fade(100, 0) == 1
    assert fades(np.array([0, 100]), np.array([0, 0])).tolist() == [1, 1]
