"""Warnings of stages, limits and steps that work against each other."""

from typing import Any

import pytest

from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import oddities


def warned(*rules: dict[str, Any], flip_number: float = 25, **more: Any) -> list[tuple[str, str]]:
    document = {
        "flip_number": flip_number,
        "rules": [rule("sure", 30, when={"type": "bike_ride"}), *rules],
        **more,
    }
    return [(warning.field, warning.code) for warning in oddities(document)]


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ({"aware": 5, "engaged": 15, "sales_ready": 25}, []),
        ({"aware": 5, "hot": 25.5}, [("stages.hot", "stage_above_flip")]),
        (
            {"hot": 40, "hotter": 60},
            [("stages.hot", "stage_above_flip"), ("stages.hotter", "stage_above_flip")],
        ),
        (
            {"aware": 5, "known": 5, "warm": 5},
            [("stages.known", "stage_repeated"), ("stages.warm", "stage_repeated")],
        ),
        ({"none": 0, "below": -5}, []),
    ],
)
def test_stages_above_the_flip_number_or_with_equal_thresholds_give_a_warning(
    stages: Any, expected: Any
) -> None:
    assert warned(stages=stages) == expected


def test_an_unreachable_stage_gives_a_warning() -> None:
    found = oddities({"flip_number": 20, "rules": [rule(cap=20)], "stages": {"a": 5, "b": 20, "c": 21}})
    assert [(warning.field, warning.code, warning.message) for warning in found] == [
        ("stages.c", "stage_unreachable", "no one can reach 21; the rules give at most 20")
    ]


def test_the_warning_for_equal_thresholds_names_the_stage_that_is_shown() -> None:
    (warning,) = oddities({"flip_number": 25, "rules": [rule()], "stages": {"warm": 5, "aware": 5}})
    assert (
        warning.message
        == "warm begins at 5 as well, so every such profile is shown in warm and none in aware"
    )


LIMITS: list[tuple[dict[str, Any], str | None]] = [
    ({"limit": {"times": 1, "per": "ever"}, "half_life": "30d"}, "limit_ever_fades"),
    ({"limit": {"times": 1, "per": "ever", "by": "mailing"}, "half_life": "30d"}, None),
    ({"limit": {"times": 1, "per": "ever"}, "window": "30d"}, None),
    ({"limit": {"times": 1, "per": "month"}, "half_life": "30d"}, None),
    ({"limit": {"times": 1, "per": "month"}, "window": "7d"}, "limit_longer_than_window"),
    ({"limit": {"times": 1, "per": "week"}, "window": "6d"}, "limit_longer_than_window"),
    ({"limit": {"times": 1, "per": "week"}, "window": "7d"}, None),
    ({"limit": {"times": 1, "per": "month"}, "window": "31d"}, None),
    ({"limit": {"times": 1, "per": "day"}, "window": "1d"}, None),
    ({"half_life": "1d"}, None),
]


@pytest.mark.parametrize(("terms", "code"), LIMITS)
def test_limits_that_conflict_with_half_life_or_window_give_a_warning(
    terms: dict[str, Any], code: str | None
) -> None:
    assert warned(rule("r", 1, **terms)) == ([("rules.1.limit", code)] if code else [])


@pytest.mark.parametrize(
    ("inactivity", "expected"),
    [
        ({"after": "9d", "points": -10, "floor": -30}, [("inactivity.floor", "inactivity_floor_idle")]),
        ({"after": "9d", "points": -10, "floor": -10}, []),
        ({"after": "9d", "points": -10, "every": "9d", "floor": -30}, []),
        (
            {"after": "9d", "points": -10, "every": "9d", "floor": -10},
            [("inactivity.every", "inactivity_every_idle")],
        ),
        ({"after": "9d", "points": -10, "every": "9d"}, []),
    ],
)
def test_inactivity_settings_without_an_effect_give_a_warning(inactivity: Any, expected: Any) -> None:
    assert warned(inactivity=inactivity) == expected


def test_repeated_required_traits_and_exclusions_give_a_warning() -> None:
    assert warned(
        requires=["email", "title", "email"], excludes=[{"title": "vp"}, {"title": {"eq": "vp"}}]
    ) == [
        ("excludes.1", "exclusion_repeated"),
        ("requires.2", "requires_repeated"),
    ]


def test_a_flip_number_that_one_time_rules_reach_exactly_gives_no_warning() -> None:
    once = {"limit": {"times": 1, "per": "ever"}}
    rules = [
        rule("a", 5, **once),
        rule("b", 10, when={"type": "like"}, **once),
        rule("c", 10, when={"type": "share"}, **once),
    ]
    assert oddities({"flip_number": 25, "rules": rules, "requires": ["email"]}) == []
