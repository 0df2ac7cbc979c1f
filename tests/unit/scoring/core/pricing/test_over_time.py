"""Scores over time equal the scores of each day priced by itself."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.pricing.over_time import sums_over
from services.scoring.core.pricing.price import ScoreInput, columns_of, price
from services.scoring.core.profiles.traits import NOTHING_KNOWN
from services.scoring.matrix.matrix import Matrix
from tests.support.builders import interaction, rule
from tests.unit.scoring.columns import Days, counts_of
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by

SPAN = 90

values = st.dictionaries(st.sampled_from(["", '"a"', '"b"']), st.integers(1, 4), min_size=1)
several_days = st.dictionaries(st.integers(TODAY, TODAY + SPAN), values, max_size=30)
limits = st.none() | st.fixed_dictionaries(
    {"times": st.integers(1, 5), "per": st.sampled_from(["day", "week", "month", "ever"])},
    optional={"by": st.just("asset")},
)
ages = st.sampled_from(
    [{}, *({name: f"{days}d"} for name in ("window", "half_life") for days in (1, 5, 29, 365))]
)


def visiting(rules: Matrix, days: Days) -> ScoreInput:
    return ScoreInput(counts_of(days, rules.rules[0].count_key), NOTHING_KNOWN)


def over(of: ScoreInput, rules: Matrix, days: range) -> list[float]:
    return sums_over(of, columns_of([of], rules), rules, np.array(days, np.int64)).points.tolist()


def one_by_one(of: ScoreInput, rules: Matrix, days: range) -> list[float]:
    return [price(of, rules, day).exact for day in days]


@settings(max_examples=100)
@given(several_days, limits, ages, st.sampled_from([8, -8]), st.none() | st.sampled_from([3, 20]))
def test_sums_over_many_days_equal_the_price_of_each_day(
    days: Days, limit: dict[str, Any] | None, age: dict[str, Any], points: float, cap: float | None
) -> None:
    rules = ruled_by(rule(points=points, limit=limit, cap=cap, **age))
    of, priced_days = visiting(rules, days), range(TODAY - 1, TODAY + SPAN + 10, 3)
    assert over(of, rules, priced_days) == pytest.approx(one_by_one(of, rules, priced_days), rel=1e-9)


@pytest.mark.parametrize("per", ["day", "week", "month", "ever"])
@pytest.mark.parametrize("window", [2, 5, 9, 40])
def test_a_limit_applies_to_the_part_of_a_period_within_the_window(per: str, window: int) -> None:
    """Busy days around two turns of a month, each day asked."""
    days: Days = {day: {"": 1 + day % 3} for day in range(TODAY, TODAY + 70) if day % 4}
    rules = ruled_by(rule(points=1, limit={"times": 3, "per": per}, window=f"{window}d"))
    of, priced_days = visiting(rules, days), range(TODAY - 1, TODAY + 110)
    assert over(of, rules, priced_days) == one_by_one(of, rules, priced_days)


@pytest.mark.parametrize("points", [2, -2])
def test_the_cap_bounds_points_from_the_first_day_of_the_calendar(points: float) -> None:
    rules = ruled_by(rule(points=points, cap=5))
    of = visiting(rules, {1: {"": 9}})
    assert over(of, rules, range(1, 10)) == [points / 2 * 5] * 9


def test_rules_with_the_same_count_key_have_separate_limits() -> None:
    days: Days = {TODAY: {"": 3}, TODAY + 1: {"": 3}}
    terms: list[dict[str, Any]] = [
        {"limit": limit, **age}
        for limit in (None, {"times": 1, "per": "day"}, {"times": 2, "per": "ever"})
        for age in ({}, {"half_life": "1d"}, {"half_life": "2d"})
    ]
    expected = (6, 4.5, 3 + 3 / 2**0.5, 2, 1.5, 1 + 1 / 2**0.5, 2, 1, 2 / 2**0.5)
    # The points are so far apart that the sum shows the part of each rule.
    rules = ruled_by(*(rule(f"r{n}", 5.0**n, **more) for n, more in enumerate(terms)))
    whole = sum(5.0**n * points for n, points in enumerate(expected))
    priced_days = range(TODAY + 1, TODAY + 2)
    assert over(visiting(rules, days), rules, priced_days) == [pytest.approx(whole, rel=1e-12)]
    for more, points in zip(terms, expected, strict=True):
        alone = ruled_by(rule(points=1, **more))
        assert over(visiting(alone, days), alone, priced_days) == [pytest.approx(points)]


def test_sums_over_days_include_traits_adjustments_inactivity_and_group_caps() -> None:
    rules = ruled_by(
        rule("visits", 8),
        rule("likes", 5, when={"type": "like"}),
        traits=[
            {"id": "decides", "when": {"title": "VP"}, "points": 15},
            {"id": "unknown", "when": {"title": {"missing": True}}, "points": -1},
        ],
        groups={"web": {"rules": ["visits", "likes"], "cap": 10}, "who": {"rules": ["decides"], "cap": 9}},
        inactivity={"after": "5d", "points": -2, "every": "3d", "floor": -7},
    )
    done = [
        interaction(),
        interaction("like", day=2),
        identify(title="VP", day=1),
        identify(title=None, day=4),
    ]
    hands = [adjustment(4, day=3, until="2026-03-20"), adjustment(-1, day=6), adjustment(9, model="other")]
    of, priced_days = known(rules, *done, *hands), range(TODAY - 2, TODAY + 30)
    assert over(of, rules, priced_days) == one_by_one(of, rules, priced_days)
    assert len({*over(of, rules, priced_days)}) > 8
