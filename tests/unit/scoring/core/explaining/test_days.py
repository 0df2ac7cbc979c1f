"""How many points each day gave to each rule, before its cap."""

from typing import Any

import pytest

from services.scoring.core.explaining.days import Day, days_of_rules
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.traits import NOTHING_KNOWN
from tests.support.builders import interaction, rule
from tests.unit.scoring.columns import Days, counts_of, once
from tests.unit.scoring.known import TODAY, known, ruled_by


def by_day(visits: Days, until: int, **more: Any) -> list[Day]:
    """The points of each day of visits for a rule, or nothing if no day gives any."""
    rules = ruled_by(rule(points=8, **more))
    counts = counts_of(visits, rules.rules[0].count_key)
    return days_of_rules(ScoreInput(counts, NOTHING_KNOWN), rules, until).get("visits", [])


def test_the_points_of_each_rule_with_matches_are_listed_by_day() -> None:
    rules = ruled_by(
        rule("likes", 3, when={"type": "like"}),
        rule("leaves", -20, when={"type": "email_unsubscribe"}),
        rule("visits", 8, half_life="10d", limit={"times": 1, "per": "day"}),
        rule("reads", 1, when={"type": "visit"}, limit={"times": 1, "per": "ever"}),
    )
    done = [interaction(), interaction(), interaction(day=10), interaction("like", day=4)]
    explained = days_of_rules(known(rules, *done), rules, TODAY + 10)
    assert list(explained) == ["likes", "visits", "reads"]
    assert explained == {
        "likes": [Day(TODAY + 4, 1, 1, 1.0, 3.0)],
        "visits": [Day(TODAY, 2, 1, 0.5, 4.0), Day(TODAY + 10, 1, 1, 1.0, 8.0)],
        "reads": [Day(TODAY, 2, 1, 1.0, 1.0), Day(TODAY + 10, 1, 0, 1.0, 0.0)],
    }


def test_a_rule_without_matches_in_its_window_has_no_days() -> None:
    rules = ruled_by(rule(window="10d"), rule("likes", when={"type": "like"}))
    later = known(rules, interaction(), interaction("like", day=11))
    assert days_of_rules(later, rules, TODAY + 10) == {}


@pytest.mark.parametrize("per", ["day", "week", "month", "ever"])
def test_a_rule_with_a_limit_and_only_future_matches_has_no_days(per: str) -> None:
    assert by_day(once(TODAY + 1), TODAY, limit={"times": 1, "per": per}) == []


def test_the_first_day_of_the_calendar_is_listed() -> None:
    assert by_day(once(1), TODAY) == [Day(1, 1, 1, 1.0, 8.0)]


def test_each_day_has_its_points_before_the_cap() -> None:
    days: Days = {TODAY + 10: {"": 2}, **once(TODAY, TODAY + 20, TODAY + 30)}
    limit = {"times": 2, "per": "ever"}
    assert by_day(days, TODAY + 20, half_life="10d", cap=10, limit=limit) == [
        Day(TODAY, 1, 1, 0.25, 2.0),
        Day(TODAY + 10, 2, 1, 0.5, 4.0),
        Day(TODAY + 20, 1, 0, 1.0, 0.0),
    ]


def test_days_have_full_points_without_a_half_life() -> None:
    days: Days = {TODAY: {"": 1}, TODAY + 1: {'"a"': 1, '"b"': 2}}
    assert by_day(days, TODAY + 10, window="10d") == [Day(TODAY + 1, 3, 3, 1.0, 24.0)]


def test_paid_matches_under_a_limit_by_value_are_listed_by_day() -> None:
    """The weekend is in one week, Monday in the next."""
    sunday, monday = TODAY + 1, TODAY + 2
    days: Days = {sunday: {'"a"': 1, '"b"': 3}, monday: {'"a"': 3}, TODAY: {'"a"': 2}}
    listed = by_day(days, monday, limit={"times": 2, "per": "week", "by": "asset"})
    assert [(day.day, day.matches, day.paid) for day in listed] == [
        (TODAY, 2, 2), (sunday, 4, 2), (monday, 3, 2),
    ]  # fmt: skip
