"""Limits: the earliest days of each period use it up, for each value of `by` and each profile by itself."""

from collections import Counter
from collections.abc import Hashable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.limits import period_of
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Per
from tests.support.builders import NOON, rule
from tests.unit.scoring.columns import Days, Worth, once, worth, worths
from tests.unit.scoring.known import TODAY, ruled_by

LONG_AFTER = TODAY + 1000
# NOON is Saturday 14 March 2026.
SUNDAY, MONDAY, NEXT_SUNDAY = TODAY + 1, TODAY + 2, TODAY + 8
PERIODS: tuple[Per, ...] = ("day", "week", "month", "ever")


def limited(times: int, per: str, *, by: str | None = None, **more: Any) -> Matrix:
    return ruled_by(rule(limit={"times": times, "per": per, "by": by}, **more))


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}])
@pytest.mark.parametrize(
    ("per", "times", "paid"), [("day", 1, 5), ("week", 1, 4), ("month", 1, 2), ("ever", 2, 2), ("ever", 9, 6)]
)
def test_a_limit_holds_within_its_period(per: str, times: int, paid: int, fading: dict[str, Any]) -> None:
    """Two visits on Saturday, one on Sunday, on Monday and on two days of April."""
    visits: Days = {TODAY: {"": 2}, **once(SUNDAY, MONDAY, TODAY + 20, TODAY + 31)}
    assert worth(limited(times, per, **fading), visits, LONG_AFTER)[1:] == (6, paid)


def test_a_week_is_from_monday_to_sunday() -> None:
    weekly = limited(1, "week")
    assert worth(weekly, once(SUNDAY, MONDAY), LONG_AFTER).paid == 2
    assert worth(weekly, once(MONDAY, NEXT_SUNDAY), LONG_AFTER).paid == 1


def test_the_same_month_of_another_year_is_another_month() -> None:
    months = [
        day_of(NOON.replace(year=year, month=month)) for year in range(2010, 2027) for month in (1, 2, 12)
    ]
    assert worth(limited(1, "month"), once(*months), LONG_AFTER).paid == len(months)


def test_a_month_limit_separates_december_january_and_february() -> None:
    new_year = day_of(NOON.replace(year=2027, month=1, day=1))
    days = once(new_year - 1, new_year, new_year + 30, new_year + 31)
    assert worth(limited(1, "month"), days, LONG_AFTER).paid == 3


@pytest.mark.parametrize("year", [1, 1900, 1969, 1970, 1999, 2000, 2026])
def test_a_new_year_starts_a_new_month_but_not_a_new_week(year: int) -> None:
    """Two visits on each of the last and the first three days of two years, also before 1970."""
    new_year = date(year + 1, 1, 1)
    days = range(new_year.toordinal() - 3, new_year.toordinal() + 3)
    weeks = len({date.fromordinal(day).isocalendar()[:2] for day in days})
    visits: Days = {day: {"": 2} for day in days}
    paid = [worth(limited(1, per), visits, LONG_AFTER).paid for per in PERIODS]
    assert paid == [6, weeks, 2, 1]


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}])
def test_a_limit_by_a_property_applies_to_each_value(fading: dict[str, Any]) -> None:
    """An interaction without the property is a value of its own."""
    opens: Days = {TODAY: {'"spring"': 1, '"autumn"': 1, "": 2}, TODAY + 4: {'"spring"': 1, "": 1}}
    assert worth(limited(1, "ever", by="asset", **fading), opens, LONG_AFTER)[1:] == (6, 3)


@pytest.mark.parametrize("per", PERIODS)
def test_profiles_do_not_use_up_each_other_s_limits(per: Per) -> None:
    """The last day of one profile is the first of the next, and so is the value."""
    profiles: list[Days] = [{TODAY: {'"a"': 2}}, {TODAY: {'"a"': 1}}, {TODAY: {'"a"': 3, '"b"': 1}}]
    assert worths(limited(2, per, by="asset"), profiles, TODAY) == [
        Worth(2, 2, 2),
        Worth(1, 1, 1),
        Worth(3, 4, 3),
    ]


def period(day: int, per: Per) -> Hashable:
    on = date.fromordinal(day)
    return {"day": day, "week": on.isocalendar()[:2], "month": (on.year, on.month), "ever": None}[per]


def paid_one_by_one(days: Days, times: int, per: Per, until: int) -> int:
    """The definition, match by match."""
    used: Counter[Hashable] = Counter()
    for day in sorted(days):
        for by, matches in days[day].items():
            used[by, period(day, per)] += matches if day <= until else 0
    return sum(min(matches, times) for matches in used.values())


EPOCH = date(1970, 1, 1).toordinal()
anywhere = st.integers(1, date.max.toordinal()) | st.sampled_from([EPOCH, TODAY]).flatmap(
    lambda around: st.integers(around - 70, around + 70)
)
several_days = st.dictionaries(
    anywhere, st.dictionaries(st.sampled_from(["", '"a"', '"ü"']), st.integers(1, 4), min_size=1), max_size=8
)


@given(st.lists(several_days, min_size=1, max_size=4), st.integers(1, 5), st.sampled_from(PERIODS), anywhere)
def test_paid_matches_equal_those_of_a_count_match_by_match(
    profiles: list[Days], times: int, per: Per, until: int
) -> None:
    found = worths(limited(times, per, by="asset"), profiles, until)
    assert [amount.paid for amount in found] == [
        paid_one_by_one(days, times, per, until) for days in profiles
    ]
    for days in profiles:
        periods = {day: period_of(day, per) for day in sorted(days)}
        assert list(periods.values()) == sorted(periods.values())
        assert len({*periods.values()}) == len({period(day, per) for day in days})
