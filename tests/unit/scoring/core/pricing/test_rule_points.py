"""The points of rules at the end of a day: those of their matches, within windows and caps."""

from typing import Any

import pytest

from services.scoring.core.pricing.price import columns_of
from services.scoring.core.pricing.rule_points import rule_lines
from services.scoring.matrix.matrix import Matrix
from tests.support.builders import interaction, rule
from tests.unit.scoring.columns import Days, Worth, once, worth, worths
from tests.unit.scoring.known import TODAY, known, ruled_by

LONG_AFTER = TODAY + 1000


def a(**more: Any) -> Matrix:
    return ruled_by(rule(**more))


def test_each_match_gives_the_points_of_the_rule() -> None:
    assert worth(a(points=8), {TODAY: {"": 2}, TODAY + 3: {"": 1}}, LONG_AFTER) == Worth(24, 3, 3)


def test_matches_of_all_values_of_by_are_added() -> None:
    assert worth(a(points=8), {TODAY: {'"a"': 2, '"b"': 1}}, TODAY) == Worth(24, 3, 3)


@pytest.mark.parametrize("fading", [{}, {"half_life": "30d"}])
@pytest.mark.parametrize(("points", "capped"), [(8, 20), (-8, -20), (2, 18), (-2, -18)])
def test_a_cap_bounds_the_points_of_a_rule_in_both_directions(
    points: float, capped: float, fading: dict[str, str]
) -> None:
    visits: Days = {TODAY: {"": 9}}
    assert worth(a(points=points, cap=20, **fading), visits, TODAY) == Worth(capped, 9, 9)


@pytest.mark.parametrize("fading", [{}, {"half_life": "3650d"}, {"window": "3650d"}])
@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_matches_on_later_days_do_not_count(fading: dict[str, str], limit: dict[str, Any]) -> None:
    """The later day comes first in the counts, so it must not end the search for earlier days."""
    days = once(TODAY + 5, TODAY, TODAY + 4)
    assert worth(a(**fading, **limit), days, TODAY + 4)[1:] == (2, 2)


def test_a_match_on_the_first_day_of_the_calendar_counts() -> None:
    assert worth(a(points=8), once(1), TODAY).points == 8


@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_a_window_of_one_day_covers_only_that_day(limit: dict[str, Any]) -> None:
    just_now = a(points=8, window="1d", **limit)
    assert worth(just_now, once(TODAY), TODAY) == Worth(8, 1, 1)
    assert worth(just_now, once(TODAY), TODAY + 1) == Worth(0, 0, 0)


@pytest.mark.parametrize("limit", [{}, {"limit": {"times": 9, "per": "ever"}}])
def test_points_count_in_full_for_the_days_of_the_window(limit: dict[str, Any]) -> None:
    recent = a(points=8, window="30d", **limit)
    days = once(TODAY, TODAY + 1)
    assert [worth(recent, days, TODAY + later).points for later in (1, 29, 30, 31)] == [16, 16, 8, 0]


def test_only_matches_within_the_window_use_up_the_limit() -> None:
    recent = a(points=8, window="30d", limit={"times": 1, "per": "ever"})
    days = once(TODAY, TODAY + 1)
    assert worth(recent, days, TODAY + 29) == Worth(8, 2, 1)
    assert worth(recent, days, TODAY + 30) == Worth(8, 1, 1)


@pytest.mark.parametrize(
    ("points", "cap", "held"), [(0.8, 0.5, 0.5), (-0.8, 0.5, -0.5), (0.5, 0.8, 0.5), (3, None, 3)]
)
def test_a_cap_bounds_fractional_points_in_both_directions(
    points: float, cap: float | None, held: float
) -> None:
    assert worth(a(points=points, cap=cap), once(TODAY), TODAY).points == held


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, [Worth(24, 3, 3), Worth(0, 0, 0), Worth(8, 1, 1), Worth(40, 5, 5)]),
        ({"cap": 10}, [Worth(10, 3, 3), Worth(0, 0, 0), Worth(8, 1, 1), Worth(10, 5, 5)]),
        ({"half_life": "10d"}, [Worth(16, 3, 3), Worth(0, 0, 0), Worth(4, 1, 1), Worth(36, 5, 5)]),
        ({"window": "10d"}, [Worth(8, 1, 1), Worth(0, 0, 0), Worth(0, 0, 0), Worth(32, 4, 4)]),
    ],
)
def test_each_profile_in_the_columns_gets_points_for_its_own_matches(
    more: dict[str, Any], expected: list[Worth]
) -> None:
    busy: Days = {TODAY: {"": 1}, TODAY + 10: {'"a"': 3, '"b"': 1}}
    profiles = [{TODAY: {"": 2}, TODAY + 10: {"": 1}}, once(TODAY + 11), once(TODAY), busy]
    assert worths(a(points=8, **more), profiles, TODAY + 10) == expected


def test_rule_lines_are_in_matrix_order_for_matching_profiles_only() -> None:
    rules = ruled_by(
        rule("likes", 3, when={"type": "like"}),
        rule("visits", 8),
        rule("also_likes", 1, when={"type": "like"}),
    )
    visited, liked = known(rules, interaction()), known(rules, interaction("like"))
    lines = rule_lines(columns_of([visited, liked, visited], rules), rules, TODAY)
    each = zip(lines.rule.tolist(), lines.profile.tolist(), lines.points.tolist(), strict=True)
    assert [(rules.rules[rule].id, *more) for rule, *more in each] == [
        ("likes", 1, 3), ("visits", 0, 8), ("visits", 2, 8), ("also_likes", 1, 1),
    ]  # fmt: skip


def test_later_days_do_not_count_in_columns_of_another_matrix() -> None:
    visits, likes = rule("visits", 8), rule("likes", 3, when={"type": "like"})
    ours, theirs = (
        ruled_by(visits, likes),
        ruled_by(likes, rule("opens", when={"type": "email_open"}), visits),
    )
    done = [interaction(day=day) for day in (0, 0, 1)] + [interaction("like", day=day) for day in (0, 2)]
    profile = known(theirs, *done, *(interaction("email_open", day=day) for day in (0, 1, 2)))
    lines = rule_lines(columns_of([profile], theirs), ours, TODAY)
    assert [*zip(lines.rule.tolist(), lines.matches.tolist(), lines.points.tolist(), strict=True)] == [
        (0, 2, 16), (1, 1, 3),
    ]  # fmt: skip
