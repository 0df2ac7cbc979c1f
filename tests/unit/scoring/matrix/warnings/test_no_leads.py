"""Warnings that no profile becomes a lead: by its requirements, its exclusions, or rules without matches."""

import json
from itertools import pairwise
from typing import Any

import pytest

from services.scoring.matrix.rules import MAX_POINTS
from services.scoring.matrix.warnings.all_warnings import MAX_WARNINGS
from tests.support.builders import rule
from tests.unit.scoring.matrix.oddities import CAME, oddities

EXISTS: dict[str, Any] = {"exists": True}
MISSING: dict[str, Any] = {"missing": True}


def warned(*, came: Any = CAME, **more: Any) -> list[tuple[str, str]]:
    """Return (field, code) of the warnings about a matrix that otherwise makes many leads."""
    found = oddities({"flip_number": 25, "rules": [rule()], **more}, came=came)
    return [(warning.field, warning.code) for warning in found]


ALL: list[tuple[list[str], list[dict[str, Any]], str]] = [
    (["email"], [{"email": EXISTS}], "excludes.0"),
    (["email"], [{"email": {"missing": False}}], "excludes.0"),
    (["email"], [{"not": {"email": MISSING}}], "excludes.0"),
    (["title", "email"], [{"country": "ES"}, {"all": [{"email": EXISTS}, {"title": EXISTS}]}], "excludes.1"),
    (["email"], [{"any": [{"title": "vp"}, {"email": EXISTS}]}], "excludes.0"),
    (["email"], [{"email_domain": EXISTS}], "excludes.0"),
    ([], [{"any": [{"title": EXISTS}, {"title": MISSING}]}], "excludes.0"),
    ([], [{"title": EXISTS}, {"title": MISSING}], "excludes"),
    ([], [{"title": "vp"}, {"not": {"title": "vp"}}], "excludes"),
    (["title"], [{"title": {"in": ["a"]}}, {"not": {"title": {"in": ["a"]}}}], "excludes"),
    ([], [{"not": {"title": {"exists": True, "missing": True}}}], "excludes.0"),
    ([], [{"not": {"all": [{"title": "vp"}, {"title": "cto"}]}}], "excludes.0"),
]


@pytest.mark.parametrize(("requires", "excludes", "field"), ALL)
def test_excluding_all_profiles_with_the_required_traits_is_the_first_warning(
    requires: list[str], excludes: list[dict[str, Any]], field: str
) -> None:
    first, *others = warned(requires=requires, excludes=excludes, stages={"hot": 90})
    assert first == (field, "no_lead_possible")
    assert ("stages.hot", "stage_above_flip") in others


SOME: list[tuple[list[str], list[dict[str, Any]]]] = [
    (["email"], [{"email": MISSING}]),
    (["email"], [{"title": EXISTS}]),
    (["email", "company"], [{"email_domain": {"in": ["competitor.example"]}}, {"title": "vp"}]),
    (["title"], [{"title": {"gt": 5}}, {"title": {"lte": 5}}]),
    (["title"], [{"title": {"exists": True, "eq": "vp"}}]),
    ([], [{"title": "vp"}, {"title": MISSING}]),
    ([], [{"not": {"any": [{"title": "vp"}, {"title": "cto"}]}}]),
    (["email"], [{"all": [{"email": EXISTS}, {"title": EXISTS}]}]),
]


@pytest.mark.parametrize(("requires", "excludes"), SOME)
def test_there_is_no_warning_if_some_profiles_are_not_excluded(requires: list[str], excludes: Any) -> None:
    codes = {code for _, code in warned(requires=requires, excludes=excludes)}
    assert not codes & {"no_lead_possible", "no_lead_expected", "excludes_reachable"}


def test_the_warning_names_the_required_traits() -> None:
    document = {
        "flip_number": 1,
        "rules": [rule()],
        "requires": ["email", "title"],
        "excludes": [{"email": EXISTS}],
    }
    (warning,) = oddities(document)
    assert warning.message == (
        "no profile can become a lead: all profiles with email, title, as `requires` asks, are excluded"
    )


def test_excluding_all_email_addresses_gives_a_warning_even_if_none_is_required() -> None:
    assert warned(excludes=[{"email": EXISTS}]) == [("excludes", "excludes_reachable")]
    assert warned(excludes=[{"email_domain": EXISTS}]) == [("excludes", "excludes_reachable")]
    assert warned(excludes=[{"phone": EXISTS}]) == []


def test_an_exclusion_by_a_missing_unknown_trait_warns_that_no_lead_is_expected() -> None:
    assert warned(excludes=[{"not": {"titel": EXISTS}}]) == [
        ("excludes", "no_lead_expected"),
        ("excludes.0.not.titel", "trait_unknown"),
    ]
    assert warned(excludes=[{"emial": MISSING}], came=()) == [
        ("excludes", "no_lead_expected"),
        ("excludes.0.emial", "trait_unknown"),
    ]
    assert warned(excludes=[{"lastname": MISSING}], came=()) == []


def trait_rule(when: Any, points: float = 25) -> dict[str, Any]:
    return {"id": "fits", "when": when, "points": points}


@pytest.mark.parametrize(
    ("when", "more"),
    [
        ({"email": MISSING}, {"requires": ["email"]}),
        ({"all": [{"title": "vp"}, {"email": {"exists": False}}]}, {"requires": ["title", "email"]}),
        ({"title": "vp"}, {"excludes": [{"title": {"in": ["vp", "cto"]}}]}),
        ({"title": "vp"}, {"excludes": [{"title": {"matches_any": ["VP"]}}]}),
        ({"title": {"contains": "vp"}}, {"excludes": [{"title": EXISTS}]}),
    ],
)
def test_a_trait_rule_met_only_by_profiles_that_cannot_become_leads_gives_a_warning(
    when: Any, more: Any
) -> None:
    field = ("traits.0.when", "rule_without_lead")
    assert warned(traits=[trait_rule(when)], **more) == [field]
    assert warned(traits=[trait_rule(when, -5)], **more) == []
    alone = warned(rules=[rule(cap=20)], traits=[trait_rule(when)], **more)
    assert alone == [("flip_number", "no_lead_possible"), field]


@pytest.mark.parametrize(
    "when",
    [{"title": "vp"}, {"title": {"in": ["vp", "cto"]}}, {"not": {"title": "ceo"}}, {"employees": {"gt": 5}}],
)
def test_a_trait_rule_met_by_profiles_that_can_become_leads_gives_no_warning(when: Any) -> None:
    assert (
        warned(traits=[trait_rule(when)], requires=["email"], excludes=[{"title": {"in": ["ceo", "cto"]}}])
        == []
    )


def test_a_trait_rule_with_contradicting_parts_gives_a_warning() -> None:
    both = trait_rule({"all": [{"title": "vp"}, {"title": "cto"}]})
    assert warned(traits=[both]) == [("traits.0.when", "never_met")]
    assert warned(rules=[rule(cap=20)], traits=[both]) == [
        ("flip_number", "no_lead_possible"),
        ("traits.0.when", "never_met"),
    ]


NEVER = [
    ({"all": [{"type": "visit"}, {"type": "like"}]}, "no_lead_possible"),
    ({"type": "identify"}, "no_lead_possible"),
    ({"type": ["Order Completed", "identify"]}, "no_lead_possible"),
    ({"any": [{"type": "identify"}, {"where": {"a": {"gt": 5, "lt": 4}}}]}, "no_lead_possible"),
    ({"all": [{"type": "visit"}, {"where": {"mixed": EXISTS | MISSING}}]}, "no_lead_possible"),
    ({"type": "vist"}, "no_lead_expected"),
    ({"type": ["vist", "identify"]}, "no_lead_expected"),
    ({"type": "visit", "where": {"mailng": "a"}}, "no_lead_expected"),
    ({"type": "visit", "where": {"seats": {"gt": 5}}}, "no_lead_expected"),
    ({"type": "visit", "where": {"path": {"starts_with": "pricing"}}}, "no_lead_expected"),
    ({"type": "visit", "where": {"path": "https://shop.example/pricing"}}, "no_lead_expected"),
]  # fmt: skip


@pytest.mark.parametrize(("when", "code"), NEVER)
def test_the_first_warning_is_that_a_necessary_rule_is_never_met(when: Any, code: str) -> None:
    rules = [rule("sure", 10, cap=10), rule("asks", 30, when=when)]
    first, *others = oddities({"flip_number": 25, "rules": rules})
    assert (first.field, first.code) == ("flip_number", code)
    assert "no profile meets asks, and the other rules give at most 10 of the 25 points" in first.message
    assert all(warning.rule == "asks" for warning in others)
    enough = [rule("sure", 30), rule("asks", 30, when=when)]
    assert not any(
        warning.code.startswith("no_lead") for warning in oddities({"flip_number": 25, "rules": enough})
    )


@pytest.mark.parametrize(
    "when",
    [
        {"type": ["visit", "vist"]},
        {"not": {"type": "vist"}},
        {"any": [{"type": "vist"}, {"type": "visit"}]},
        {"type": "visit", "where": {"mailng": MISSING}},
        {"type": "visit", "where": {"seats": {"in": [5, "5"]}}},
        {"type": "visit", "where": {"path": {"in": ["pricing", "/pricing"]}}},
        {"type": "visit", "where": {"path": {"contains": ""}}},
    ],
)
def test_a_questionable_rule_that_can_be_met_gives_no_warning_about_leads(when: Any) -> None:
    found = oddities({"flip_number": 25, "rules": [rule("asks", 30, when=when)]})
    assert found
    assert not any(warning.code.startswith("no_lead") for warning in found)


def test_the_surest_reason_why_a_rule_is_never_met_decides_the_code() -> None:
    both = {"path": {"gt": 5, "lt": 4, "starts_with": "pricing"}}
    first, *_ = oddities({"flip_number": 25, "rules": [rule("asks", 30, when={"where": both})]})
    assert first.code == "no_lead_possible"


def test_groups_and_caps_count_when_the_reachable_points_are_summed() -> None:
    rules = [rule("a", 30, when={"type": "vist"}), rule("b", 5, cap=20)]
    groups = {"g": {"rules": ["a", "b"], "cap": 40}}
    first, *_ = oddities({"flip_number": 25, "rules": rules, "groups": groups})
    assert first.code == "no_lead_expected"
    assert "at most 20 of the 25" in first.message


def test_warnings_about_very_many_conditions_are_bounded() -> None:
    traits = [f"t{n}" for n in range(100)]
    pairs = [{"any": [{name: "x"}, {other: MISSING}]} for name, other in pairwise(traits)]
    document = {
        "flip_number": 1, "rules": [rule()], "requires": traits[:20],
        "excludes": [{"all": pairs[start : start + 20]} for start in range(40)],
        "traits": [trait_rule({"any": pairs[n : n + 20]}, 1) | {"id": f"r{n}"} for n in range(50)],
    }  # fmt: skip
    found = oddities(document)
    assert len(found) <= MAX_WARNINGS
    assert not any(warning.code == "no_lead_possible" for warning in found)


def test_warnings_are_short_for_very_long_names_and_values() -> None:
    long = "x" * 128
    document = {
        "flip_number": MAX_POINTS,
        "rules": [rule(when={"where": {long: {"eq": "y" * 1000, "contains": "z" * 1000}}})],
        "traits": [trait_rule({long: MISSING})], "requires": [f"{long[:-2]}{n:02}" for n in range(20)],
        "excludes": [{long: "y" * 1000}, {long: EXISTS}],
    }  # fmt: skip
    found = oddities(document)
    assert found
    assert all(len(warning.message) < 600 for warning in found)
    assert json.dumps([warning._asdict() for warning in found])
