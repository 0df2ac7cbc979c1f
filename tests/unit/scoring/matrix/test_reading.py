from typing import Any

import pytest

from services.scoring.matrix.reading import read_matrix, stored_matrix
from services.scoring.matrix.seen_names import SeenNames
from services.scoring.matrix.warnings.all_warnings import warnings
from shared.errors import Refused
from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import odd

TRAIT = {"id": "decides", "when": {"title": "vp"}, "points": 15}


def test_an_unreachable_flip_number_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        read_matrix("m", {"flip_number": 25, "rules": [rule(points=5, cap=20)]})
    assert (refusal.value.code, refusal.value.field) == ("matrix_invalid", "flip_number")
    assert refusal.value.message == (
        "flip_number: no one can reach 25; caps and limits let the rules give at most 20."
    )
    assert read_matrix("m", {"flip_number": 20, "rules": [rule(points=5, cap=20)]}).flip_number == 20


def test_a_stored_matrix_with_an_unreachable_flip_number_stays_readable() -> None:
    assert stored_matrix("m", {"flip_number": 25, "rules": [rule(cap=20)]}).flip_number == 25


def test_an_ordinary_matrix_has_no_warnings() -> None:
    ordinary = stored_matrix(
        "m",
        {
            "flip_number": 25,
            "stages": {"aware": 5, "ready": 25},
            "rules": [
                rule("a", 8, limit={"times": 3, "per": "day"}, half_life="30d", cap=40),
                rule("b", 2, limit={"times": 1, "per": "ever"}),
                rule("c", 5, when={"type": "like"}, limit={"times": 4, "per": "ever"}, cap=20),
                rule("d", -20, when={"type": "email_unsubscribe"}, cap=20),
                rule("e", 5, when={"where": {"path": "/"}}, cap=5),
            ],
            "traits": [TRAIT],
            "groups": {"web": {"rules": ["a", "b"], "cap": 41}},
        },
    )
    assert warnings(ordinary, SeenNames()) == []


def test_a_condition_that_no_interaction_can_meet_gives_a_warning() -> None:
    both = rule(when={"all": [{"type": "visit"}, {"type": "like"}]})
    assert [(field, code) for field, code, _ in odd(both)] == [("rules.0.when", "never_met")]


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ({"gt": 5, "lt": 4}, "no number is gt 5 and lt 4"),
        ({"gte": 5, "lt": 5}, "no number is gte 5 and lt 5"),
        ({"gt": 5, "lte": 5}, "no number is gt 5 and lte 5"),
        ({"gte": 5.5, "lte": 5.25}, "no number is gte 5.5 and lte 5.25"),
        ({"gt": 3, "between": [1, 3]}, "no number is gt 3 and between 1 and 3"),
        ({"lt": 1, "between": [1, 3]}, "no number is between 1 and 3 and lt 1"),
        ({"exists": True, "missing": True}, "missing true asks for nothing there, exists true for something"),
        (
            {"exists": False, "missing": False},
            "exists false asks for nothing there, missing false for something",
        ),
        ({"missing": True, "eq": "a"}, "missing true asks for nothing there, eq for something"),
        ({"exists": False, "in": ["a"]}, "exists false asks for nothing there, in for something"),
        ({"exists": False, "gte": 2}, "exists false asks for nothing there, gte 2 for something"),
    ],
)
def test_a_test_with_contradicting_operators_gives_a_warning(test: dict[str, Any], reason: str) -> None:
    message = f"no value can meet this: {reason}"
    of_rule = rule(when={"any": [{"type": "visit"}, {"where": {"path": "/", "seats": test}}]})
    of_trait = TRAIT | {"when": {"not": {"seats": test}}}
    assert odd(of_rule, traits=[of_trait], excludes=[{"title": "vp"}, {"all": [{"seats": test}]}]) == [
        ("rules.0.when.any.1.where.seats", "never_met", message),
        ("traits.0.when.not.seats", "never_met", message),
        ("excludes.1.all.0.seats", "never_met", message),
    ]


@pytest.mark.parametrize(
    "test",
    [
        {"gt": 4, "lt": 5},
        {"gte": 5, "lte": 5},
        {"gte": 3, "between": [1, 3]},
        {"between": [2, 2]},
        {"exists": True, "missing": False, "eq": "a"},
        {"exists": False, "missing": True},
    ],
)
def test_a_test_that_some_value_meets_gives_no_warning(test: dict[str, Any]) -> None:
    assert odd(rule(when={"type": "visit", "where": {"seats": test}})) == []


@pytest.mark.parametrize(
    ("terms", "field", "code", "message"),
    [
        (
            {"points": 5, "cap": 3},
            "cap",
            "cap_below_points",
            "a single match is 5 points already, of which 3 count",
        ),
        (
            {"points": -5, "cap": 3},
            "cap",
            "cap_below_points",
            "a single match is 5 points already, of which 3 count",
        ),
        (
            {"points": 5, "cap": 20, "limit": {"times": 3, "per": "ever"}},
            "cap",
            "cap_idle",
            "the limit holds the rule at 15 points already, below this cap",
        ),
        (
            {"points": 5, "cap": 51, "limit": {"times": 1, "per": "day"}, "window": "10d"},
            "cap",
            "cap_idle",
            "the limit holds the rule at 50 points already, below this cap",
        ),
    ],
)
def test_a_cap_below_the_points_or_above_the_limit_gives_a_warning(
    terms: dict[str, Any], field: str, code: str, message: str
) -> None:
    other = rule("other", when={"type": "like"})
    assert odd(other, rule(**terms)) == [(f"rules.1.{field}", code, message)]


def test_rules_without_points_give_a_warning() -> None:
    without = odd(rule(), rule("a", 0, when={"type": "like"}, cap=5), traits=[TRAIT | {"points": 0}])
    assert without == [
        ("rules.1.points", "no_points", "a gives no points"),
        ("traits.0.points", "no_points", "decides gives no points"),
    ]


def test_rules_with_the_same_condition_give_a_warning() -> None:
    message = "asks exactly what visits asks, so both count for the same thing"
    assert odd(rule(), rule("again", 3, when={"type": ["visit"]})) == [
        ("rules.1.when", "rule_repeated", message)
    ]
    assert [field for field, _, _ in odd(rule(), traits=[TRAIT, TRAIT | {"id": "b"}])] == ["traits.1.when"]


@pytest.mark.parametrize(
    "apart",
    [{"limit": {"times": 1, "per": "ever"}}, {"half_life": "3d"}, {"window": "3d"}, {"machine": "only"}],
)
def test_rules_with_the_same_condition_and_other_prices_give_no_warning(apart: dict[str, Any]) -> None:
    assert odd(rule(), rule("again", **apart)) == []


def test_a_group_cap_without_an_effect_gives_a_warning() -> None:
    rules = rule("a", 5, cap=10), rule("b", -5, cap=15, when={"type": "email_unsubscribe"})
    assert odd(*rules, groups={"g": {"rules": ["a", "b"], "cap": 15}}) == [
        (
            "groups.g.cap",
            "group_cap_idle",
            "the group's rules come to 15 points at most, so this cap cuts nothing",
        )
    ]
    assert odd(*rules, groups={"g": {"rules": ["a", "b"], "cap": 14}}) == []
