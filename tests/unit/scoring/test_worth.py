from typing import Any

import pytest

from services.scoring.core.counting import day_of
from services.scoring.core.days import MAX_WORTHS, Days, StoredDays, decode_counts, encode_counts
from services.scoring.core.worth import Day, Worth, by_day, capped, worth
from services.scoring.model.rules import Rule
from tests.builders import NOON, interaction, rule
from tests.unit.scoring.known import TODAY, counted, ruled_by

LONG_AFTER = TODAY + 1000
# NOON is Saturday 14 March 2026.
SUNDAY, MONDAY = TODAY + 1, TODAY + 2
NEXT_SUNDAY = TODAY + 8


def a(**more: Any) -> Rule:
    return Rule.model_validate(rule(**more))


def once(*days: int) -> Days:
    return {day: {"": 1} for day in days}


def test_every_match_pays_the_rule_s_points() -> None:
    assert worth(a(points=8), {TODAY: {"": 2}, TODAY + 3: {"": 1}}, LONG_AFTER) == Worth(24, 3, 3)


def test_matches_of_all_values_of_a_day_are_matches() -> None:
    assert worth(a(points=8), {TODAY: {'"a"': 2, '"b"': 1}}, TODAY) == Worth(24, 3, 3)


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}])
@pytest.mark.parametrize(
    ("per", "times", "paid"), [("day", 1, 5), ("week", 1, 4), ("month", 1, 2), ("ever", 2, 2), ("ever", 9, 6)]
)
def test_a_limit_holds_within_its_period(per: str, times: int, paid: int, fading: dict[str, str]) -> None:
    """Two visits on Saturday, one on Sunday, on Monday and on two days of April."""
    visits: Days = {TODAY: {"": 2}, **once(SUNDAY, MONDAY, TODAY + 20, TODAY + 31)}
    limited = a(limit={"times": times, "per": per}, **fading)
    assert worth(limited, visits, LONG_AFTER)[1:] == (6, paid)


def test_a_week_is_from_monday_to_sunday() -> None:
    weekly = a(limit={"times": 1, "per": "week"})
    assert worth(weekly, once(SUNDAY, MONDAY), LONG_AFTER).paid == 2
    assert worth(weekly, once(MONDAY, NEXT_SUNDAY), LONG_AFTER).paid == 1


def test_the_same_month_of_another_year_is_another_month() -> None:
    monthly = a(limit={"times": 1, "per": "month"})
    months = [
        day_of(NOON.replace(year=year, month=month)) for year in range(2010, 2027) for month in (1, 2, 12)
    ]
    assert worth(monthly, once(*months), LONG_AFTER).paid == len(months)


def test_the_first_of_january_is_not_in_december() -> None:
    monthly = a(limit={"times": 1, "per": "month"})
    new_year = day_of(NOON.replace(year=2027, month=1, day=1))
    assert worth(monthly, once(new_year - 1, new_year, new_year + 30), LONG_AFTER).paid == 2


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}])
def test_a_limit_by_a_property_holds_for_each_of_its_values(fading: dict[str, str]) -> None:
    """An interaction without the property is a value of its own."""
    opens: Days = {TODAY: {'"spring"': 1, '"autumn"': 1, "": 2}, TODAY + 4: {'"spring"': 1, "": 1}}
    once_each = a(limit={"times": 1, "per": "ever", "by": "asset"}, **fading)
    assert worth(once_each, opens, LONG_AFTER)[1:] == (6, 3)


def test_values_of_different_types_are_different_values() -> None:
    downloads = [interaction("download", asset=asset) for asset in (1, "1", True, [1], {"a": 1})]
    once_each = rule(when={"type": "download"}, limit={"times": 1, "per": "ever", "by": "asset"})
    matrix = ruled_by(once_each)
    (days,) = counted(matrix, *downloads).values()
    assert worth(matrix.rules[0], days, TODAY).paid == 5


@pytest.mark.parametrize(
    ("values", "different"),
    [
        ([1, 1.0, 1e0], 1),
        ([0, 0.0, -0.0], 1),
        ([[1, {"a": 2}], [1.0, {"a": 2.0}]], 1),
        ([1, 1.5, "1", True], 4),
        ([2**53, float(2**53)], 1),
        ([1e300, 1e300], 1),
    ],
)
def test_equal_numbers_of_json_are_one_value_however_they_are_written(
    values: list[Any], different: int
) -> None:
    once_each = rule(when={"type": "download"}, limit={"times": 1, "per": "ever", "by": "asset"})
    matrix = ruled_by(once_each)
    (days,) = counted(matrix, *(interaction("download", asset=value) for value in values)).values()
    assert worth(matrix.rules[0], days, TODAY)[1:] == (len(values), different)


@pytest.mark.parametrize("fading", [{}, {"half_life": "30d"}])
@pytest.mark.parametrize(("points", "capped"), [(8, 20), (-8, -20), (2, 18), (-2, -18)])
def test_a_cap_bounds_what_a_rule_gives_or_takes(
    points: float, capped: float, fading: dict[str, str]
) -> None:
    visits: Days = {TODAY: {"": 9}}
    assert worth(a(points=points, cap=20, **fading), visits, TODAY) == Worth(capped, 9, 9)


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}, {"window": "3650d"}])
@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_a_later_day_does_not_exist_yet(fading: dict[str, str], limit: dict[str, Any]) -> None:
    """It comes first in the counts, so it must not end the search for earlier ones."""
    days = once(TODAY + 5, TODAY, TODAY + 4)
    assert worth(a(**fading, **limit), days, TODAY + 4)[1:] == (2, 2)


def test_the_calendar_begins_with_its_first_day() -> None:
    assert worth(a(points=8), once(1), TODAY).points == 8
    assert [day.day for day in by_day(a(), once(1), TODAY)] == [1]


def test_points_are_worth_half_after_a_half_life() -> None:
    fading = a(points=8, half_life="10d")
    days = once(TODAY)
    assert [worth(fading, days, TODAY + later).points for later in (0, 10, 20)] == [8, 4, 2]
    assert worth(fading, days, TODAY + 5).points == pytest.approx(8 * 0.5**0.5)


def test_each_day_fades_for_itself() -> None:
    fading = a(points=8, half_life="10d")
    assert worth(fading, {TODAY: {"": 2}, TODAY + 10: {"": 1}}, TODAY + 10) == Worth(16, 3, 3)


def test_the_earliest_days_use_up_a_limit_also_when_they_have_faded() -> None:
    fading = a(points=8, half_life="10d", limit={"times": 2, "per": "ever"})
    days = once(TODAY + 20, TODAY + 10, TODAY)
    assert worth(fading, days, TODAY + 20) == Worth(2 + 4, 3, 2)


def test_what_has_faded_leaves_room_under_the_cap() -> None:
    fading = a(points=8, half_life="10d", cap=10)
    assert [worth(fading, {TODAY: {"": 2}}, TODAY + later).points for later in (0, 10)] == [10, 8]


@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_a_window_of_a_day_is_that_day_alone(limit: dict[str, Any]) -> None:
    just_now = a(points=8, window="1d", **limit)
    assert worth(just_now, once(TODAY), TODAY) == Worth(8, 1, 1)
    assert worth(just_now, once(TODAY), TODAY + 1) == Worth(0, 0, 0)


@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_points_count_in_full_for_the_days_of_the_window(limit: dict[str, Any]) -> None:
    recent = a(points=8, window="30d", **limit)
    days = once(TODAY, TODAY + 1)
    assert [worth(recent, days, TODAY + later).points for later in (1, 29, 30, 31)] == [16, 16, 8, 0]


def test_what_was_stored_remembers_its_worth_by_price_and_day() -> None:
    stored = decode_counts(encode_counts({"visits": {TODAY: {"": 2}, TODAY + 1: {"": 1}}}))["visits"]
    dear, cheap = a(points=8), a(points=1)
    assert [worth(one, stored, day).points for one in (dear, cheap) for day in (TODAY, TODAY + 1)] == [
        16, 24, 2, 3,
    ]  # fmt: skip
    assert worth(dear, stored, TODAY) is worth(dear, stored, TODAY)
    assert worth(a(points=8, label="named"), stored, TODAY) is worth(dear, stored, TODAY)


def test_what_was_stored_remembers_no_more_worths_than_it_may() -> None:
    stored = decode_counts(encode_counts({"visits": {TODAY: {"": 2}}}))["visits"]
    assert isinstance(stored, StoredDays)
    for points in range(1, 3 * MAX_WORTHS):
        assert worth(a(points=points), stored, TODAY).points == 2 * points
        assert 0 < len(stored.worths) <= MAX_WORTHS


@pytest.mark.parametrize(
    ("points", "cap", "held"), [(0.8, 0.5, 0.5), (-0.8, 0.5, -0.5), (0.5, 0.8, 0.5), (3, None, 3)]
)
def test_points_are_held_within_a_cap_on_either_side(points: float, cap: float | None, held: float) -> None:
    assert capped(points, cap) == held


def test_a_limit_is_used_up_by_the_days_within_the_window_alone() -> None:
    recent = a(points=8, window="30d", limit={"times": 1, "per": "ever"})
    days = once(TODAY, TODAY + 1)
    assert worth(recent, days, TODAY + 29) == Worth(8, 2, 1)
    assert worth(recent, days, TODAY + 30) == Worth(8, 1, 1)


def test_each_day_tells_what_it_gave_before_the_cap() -> None:
    fading = a(points=8, half_life="10d", cap=10, limit={"times": 2, "per": "ever"})
    days: Days = {TODAY + 10: {"": 2}, TODAY: {"": 1}, TODAY + 20: {"": 1}, TODAY + 30: {"": 1}}
    assert by_day(fading, days, TODAY + 20) == [
        Day(TODAY, 1, 1, 0.25, 2.0),
        Day(TODAY + 10, 2, 1, 0.5, 4.0),
        Day(TODAY + 20, 1, 0, 1.0, 0.0),
    ]


def test_without_a_half_life_the_days_tell_what_they_gave_in_full() -> None:
    recent = a(points=8, window="10d")
    days: Days = {TODAY: {"": 1}, TODAY + 1: {'"a"': 1, '"b"': 2}}
    assert by_day(recent, days, TODAY + 10) == [Day(TODAY + 1, 3, 3, 1.0, 24.0)]


def test_a_limit_by_value_is_told_per_day() -> None:
    once_each = a(points=8, limit={"times": 2, "per": "week", "by": "asset"})
    days: Days = {SUNDAY: {'"a"': 1, '"b"': 3}, MONDAY: {'"a"': 3}, TODAY: {'"a"': 2}}
    assert [(day.matches, day.paid) for day in by_day(once_each, days, MONDAY)] == [(2, 2), (4, 2), (3, 2)]
