from math import inf
from typing import Any

import pytest

from services.scoring.matrix.bounds import most
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from tests.support.builders import rule
from tests.unit.scoring.columns import worth

DAY = 738_000
ONCE_A_DAY = {"times": 1, "per": "day"}
TRAIT = {"id": "decides", "when": {"title": "vp"}, "points": 15}


def matrix(*rules: dict[str, Any], **more: Any) -> Matrix:
    return stored_matrix("m", {"flip_number": 25, "rules": list(rules), **more})


@pytest.mark.parametrize(
    ("terms", "reachable"),
    [
        ({}, inf),
        ({"cap": 12}, 12),
        ({"limit": {"times": 3, "per": "ever"}}, 15),
        ({"limit": {"times": 3, "per": "ever"}, "cap": 12}, 12),
        ({"limit": {"times": 3, "per": "ever"}, "cap": 90}, 15),
        ({"limit": {"times": 3, "per": "ever", "by": "asset"}}, inf),
        ({"limit": {"times": 3, "per": "ever", "by": "asset"}, "cap": 12}, 12),
        ({"limit": ONCE_A_DAY}, inf),
        ({"window": "10d"}, inf),
        ({"half_life": "10d"}, inf),
        ({"limit": ONCE_A_DAY | {"by": "asset"}, "window": "10d"}, inf),
        ({"limit": ONCE_A_DAY, "window": "10d"}, 50),
        ({"limit": {"times": 2, "per": "day"}, "window": "1d"}, 10),
        ({"limit": {"times": 1, "per": "week"}, "window": "1d"}, 5),
        ({"limit": {"times": 1, "per": "week"}, "window": "2d"}, 10),
        ({"limit": {"times": 1, "per": "week"}, "window": "8d"}, 10),
        ({"limit": {"times": 1, "per": "week"}, "window": "9d"}, 15),
        ({"limit": {"times": 1, "per": "month"}, "window": "29d"}, 10),
        ({"limit": {"times": 1, "per": "month"}, "window": "30d"}, 15),
        ({"limit": ONCE_A_DAY, "half_life": "1d"}, 10),
        ({"limit": {"times": 1, "per": "ever"}, "half_life": "1d"}, 5),
    ],
)
def test_the_bound_of_a_rule_depends_on_cap_limit_window_and_half_life(
    terms: dict[str, Any], reachable: float
) -> None:
    assert most(matrix(rule(points=5, **terms))) == reachable


@pytest.mark.parametrize("per", ["day", "week", "month"])
@pytest.mark.parametrize(
    "fading", [{"window": "1d"}, {"window": "40d"}, {"half_life": "3d"}, {"half_life": "60d"}]
)
def test_daily_matches_never_exceed_the_bound(per: str, fading: dict[str, str]) -> None:
    rules = matrix(rule(points=5, limit={"times": 2, "per": per}, **fading))
    never_rests = {day: {"": 3} for day in range(DAY - 500, DAY + 1)}
    # The start of a period decides how many matches count, so every day of two months is looked back from.
    reached = max(worth(rules, never_rests, day).points for day in range(DAY - 60, DAY + 1))
    assert 0 < round(reached, 3) <= most(rules)


def test_daily_matches_reach_the_bound_of_a_daily_limit_with_half_life() -> None:
    rules = matrix(rule(points=5, limit={"times": 2, "per": "day"}, half_life="3d"))
    never_rests = {day: {"": 2} for day in range(DAY - 500, DAY + 1)}
    assert round(worth(rules, never_rests, DAY).points, 3) == most(rules)


def test_the_bound_adds_up_rules_with_positive_points() -> None:
    capped, takes = rule("a", 5, cap=12), rule("b", -20, when={"type": "email_unsubscribe"})
    assert most(matrix(capped, takes, traits=[TRAIT, TRAIT | {"id": "none", "points": -5}])) == 27


def test_a_group_cap_lowers_the_bound() -> None:
    rules = rule("a"), rule("b", 5, cap=12), rule("c", -8, cap=50)
    assert most(matrix(*rules, groups={"web": {"rules": ["a", "b"], "cap": 20}})) == 20
    assert most(matrix(*rules[1:], groups={"web": {"rules": ["b", "c"], "cap": 20}})) == 12
    assert most(matrix(*rules, groups={"web": {"rules": ["b"], "cap": 20}})) == inf


def test_a_group_cap_lowers_the_bound_of_trait_rules() -> None:
    two = [TRAIT, TRAIT | {"id": "also"}]
    assert most(matrix(traits=two)) == 30
    assert most(matrix(traits=two, groups={"fit": {"rules": ["decides", "also"], "cap": 20}})) == 20


def test_the_bound_of_a_rule_without_points_is_zero() -> None:
    assert most(matrix(rule(points=0))) == 0


def test_the_bound_is_rounded_as_scores_are() -> None:
    assert most(matrix(rule("a", 0.1, cap=0.1), rule("b", 0.2, cap=0.2))) == 0.3
