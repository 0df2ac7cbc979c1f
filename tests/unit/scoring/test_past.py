"""The past of a count tells of any day what going through all days tells."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.core.days import Days
from services.scoring.core.past import Past
from services.scoring.core.worth import by_day, worth
from services.scoring.model.rules import Rule
from tests.builders import rule
from tests.unit.scoring.known import TODAY

SPAN = 90

values = st.dictionaries(st.sampled_from(["", '"a"', '"b"']), st.integers(1, 4), min_size=1)
several_days = st.dictionaries(st.integers(TODAY, TODAY + SPAN), values, max_size=30)
limits = st.none() | st.fixed_dictionaries(
    {"times": st.integers(1, 5), "per": st.sampled_from(["day", "week", "month", "ever"])}
)
ages = st.sampled_from(
    [{}, *({name: f"{days}d"} for name in ("window", "half_life") for days in (1, 5, 29, 365))]
)


def a(points: float, limit: dict[str, Any] | None, age: dict[str, Any]) -> Rule:
    return Rule.model_validate(rule(points=points, limit=limit, **age))


@settings(max_examples=100)
@given(several_days, limits, ages, st.sampled_from([8, -8]))
def test_the_worth_of_a_past_is_that_of_its_days(
    days: Days, limit: dict[str, Any] | None, age: dict[str, Any], points: float
) -> None:
    one, past = a(points, limit, age), Past(days)
    for until in range(TODAY - 1, TODAY + SPAN + 10, 3):
        told, expected = worth(one, past, until), worth(one, days, until)
        assert told[1:] == expected[1:]
        assert told.points == pytest.approx(expected.points, rel=1e-9)
        assert [day.paid for day in by_day(one, past, until)] == [
            day.paid for day in by_day(one, days, until)
        ]


@pytest.mark.parametrize("per", ["day", "week", "month", "ever"])
@pytest.mark.parametrize("window", [2, 5, 9, 40])
def test_a_window_limits_anew_the_period_that_it_cuts(per: str, window: int) -> None:
    """Busy days around two turns of a month, each day asked."""
    days: Days = {day: {"": 1 + day % 3} for day in range(TODAY, TODAY + 70) if day % 4}
    one = a(1, {"times": 3, "per": per}, {"window": f"{window}d"})
    past = Past(days)
    for until in range(TODAY - 1, TODAY + 110):
        assert worth(one, past, until) == worth(one, days, until), until


def test_a_past_is_held_within_the_cap_and_begins_with_the_calendar() -> None:
    past = Past({1: {"": 9}})
    assert worth(Rule.model_validate(rule(points=2, cap=5)), past, 1) == (5, 9, 9)
    assert worth(Rule.model_validate(rule(points=-2, cap=5)), past, 9) == (-5, 9, 9)


def test_rules_that_count_the_same_and_are_limited_otherwise_have_one_past() -> None:
    past = Past({TODAY: {"": 3}, TODAY + 1: {"": 3}})
    limited = [
        a(1, limit, age)
        for limit in (None, {"times": 1, "per": "day"}, {"times": 2, "per": "ever"})
        for age in ({}, {"half_life": "1d"}, {"half_life": "2d"})
    ]
    assert [worth(one, past, TODAY + 1).points for one in limited] == [
        pytest.approx(points) for points in (6, 4.5, 3 + 3 / 2**0.5, 2, 1.5, 1 + 1 / 2**0.5, 2, 1, 2 / 2**0.5)
    ]


def test_the_latest_day_is_the_last_that_is_not_later() -> None:
    past = Past({TODAY + 5: {"": 1}, TODAY: {"": 1}})
    assert [past.latest(TODAY + day) for day in (-1, 0, 4, 5, 9)] == [
        None, TODAY, TODAY, TODAY + 5, TODAY + 5,
    ]  # fmt: skip
