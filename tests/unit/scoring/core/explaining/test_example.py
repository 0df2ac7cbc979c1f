"""An example of a further match of a rule, and its points."""

from typing import Any

import pytest

from services.scoring.matrix.matrix import Matrix
from tests.support.builders import interaction, rule
from tests.unit.scoring.core.explaining.cases import does, ways
from tests.unit.scoring.known import ruled_by


def on(path: str, points: float, **more: Any) -> dict[str, Any]:
    return rule(f"on_{path}", points, when={"type": "visit", "where": {"path": f"/{path}"}}, **more)


def test_points_that_other_rules_take_for_the_same_interaction_count() -> None:
    """Each further visit of /p gives 3 points, and the profile has one visit."""
    rules = ruled_by(on("p", 8), rule("visits", -5))
    assert ways(rules, interaction(path="/p")) == [("on_p", 8)]


def test_points_that_other_rules_give_for_the_same_interaction_count() -> None:
    rules = ruled_by(on("p", 8), does("like", -1), rule("visits", 5), flip_number=26)
    assert ways(rules, interaction(path="/p")) == [("on_p", 1), ("visits", 3)]


def test_points_of_a_rule_with_a_negated_condition_count() -> None:
    rules = ruled_by(does("like", 8), rule("others", 4, when={"not": {"type": "visit"}}), flip_number=12)
    assert ways(rules) == [("like", 1), ("others", 3)]


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"type": "like"}, {"type": "visit"}]},
        {"all": [{"type": "like"}, {"not": {"type": ["like", "visit"]}}]},
        {"type": "identify"},
        {"type": ["identify", "adjustment"]},
        {"type": "visit", "where": {"path": {"exists": True, "missing": True}}},
        {"type": "visit", "where": {"seats": {"gt": 5, "lt": 4}}},
        {"type": "visit", "where": {"campaign": {"gt": 5}}},
        {"all": [{"where": {"path": "/a"}}, {"where": {"path": {"starts_with": "/b"}}}]},
    ],
)
def test_a_condition_that_no_interaction_can_meet_is_not_a_way(when: dict[str, Any]) -> None:
    assert ways(ruled_by(rule(points=30, when=when))) == []


@pytest.mark.parametrize(
    "where",
    [
        {"path": {"starts_with": "/a", "contains": "b"}},
        {"path": {"glob": "/[!x]?/[ab]*.pdf"}},
        {"seats": {"gt": 5, "lt": 5.1}},
        {"seats": {"between": [3, 4]}, "path": {"in": ["a", "b"]}},
        {"tags": {"contains": 5}},
        {"campaign": {"matches_any": ["Spring"]}, "source": "mailer"},
        {"company.size": {"gte": 50}},
        {"is_new": True},
        {"path": {"missing": True}},
    ],
)
def test_a_condition_that_an_interaction_can_meet_is_a_way(where: dict[str, Any]) -> None:
    assert ways(ruled_by(rule(points=25, when={"where": where}))) == [("visits", 1)]
    parts = [{"where": {path: test}} for path, test in where.items()]
    assert ways(ruled_by(rule(points=25, when={"all": [{"type": "visit"}, *parts]}))) == [("visits", 1)]
    nothing = {"not": {"any": [{"not": part} for part in parts]}}
    assert ways(ruled_by(rule(points=25, when=nothing))) == [("visits", 1)]


def test_compatible_parts_of_a_condition_are_met_by_one_example() -> None:
    parts = [
        {"where": {"path": {"exists": True}}},
        {"not": {"where": {"path": "example"}}},
        {"where": {"path": {"starts_with": "/a"}}},
        {"any": [{"where": {"path": "/b"}}, {"where": {"path": {"contains": "eu"}}}]},
        {"where": {"seats": {"lt": 10}}},
        {"where": {"seats": {"gt": 9}}},
    ]
    assert ways(ruled_by(rule(points=25, when={"all": parts}))) == [("visits", 1)]
    assert ways(ruled_by(rule(points=25, when={"all": parts[::-1]}))) == [("visits", 1)]


def test_the_search_for_an_example_of_a_huge_condition_stops() -> None:
    asks = {f"path_{number}": {"in": [*"abcdefgh"]} for number in range(20)}
    never = {"where": {"path_0": {"exists": True, "missing": True}}}
    parts = [*({"where": {path: test}} for path, test in list(asks.items())[:19]), never]
    assert ways(ruled_by(rule(points=25, when={"all": parts}))) == []


# The values of a limit `by`


def once_by(by: str, **where: Any) -> Matrix:
    limit = {"times": 1, "per": "ever", "by": by}
    return ruled_by(
        rule(points=10, when={"where": where or {by: {"exists": True}}}, limit=limit), flip_number=20
    )


def test_the_only_value_that_meets_the_condition_is_not_paid_again() -> None:
    by = once_by("asset", asset="guide")
    assert ways(by, interaction(asset="guide")) == []
    assert ways(by) == []


def test_only_values_that_have_not_used_up_their_limit_are_counted() -> None:
    by = once_by("asset", asset={"in": ["guide", "slides"]})
    assert ways(by) == [("visits", 2)]
    assert ways(by, interaction(asset="guide")) == [("visits", 1)]
    assert ways(by, interaction(asset="slides")) == [("visits", 1)]


@pytest.mark.parametrize(
    ("test", "used"),
    [
        ({"exists": True}, "example"),
        ({"starts_with": "gui"}, "gui"),
        ({"glob": "*.pdf"}, ".pdf"),
        ({"gt": 5}, 5.5),
        ({"lt": 5}, 4),
    ],
)
def test_a_condition_that_many_values_meet_gets_a_new_value_for_each_match(
    test: dict[str, Any], used: Any
) -> None:
    by = once_by("asset", asset=test).model_copy(update={"flip_number": 990.0})
    assert ways(by, interaction(asset=used)) == [("visits", 98)]


def test_a_value_that_used_up_its_limit_in_another_period_is_paid_again() -> None:
    limit = {"times": 1, "per": "month", "by": "asset"}
    when = {"where": {"asset": "guide"}}
    rules = ruled_by(rule(points=10, when=when, limit=limit), flip_number=20)
    assert ways(rules, interaction(asset="guide", day=-20)) == [("visits", 1)]
    ever = ruled_by(rule(points=10, when=when, limit=limit | {"per": "ever"}, window="9d"), flip_number=10)
    assert ways(ever, interaction(asset="guide", day=-9)) == [("visits", 1)]
