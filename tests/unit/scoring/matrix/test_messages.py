import json
from typing import Any

import pytest

from services.scoring.matrix.reading import read_matrix
from shared.errors import MAX_COMPLAINTS, Refused
from shared.web.problems import problem_of
from tests.support.builders import rule
from tests.unit.scoring.matrix.refusals import refused

TRAIT = {"id": "decides", "when": {"title": "vp"}, "points": 15}


NOT_A_SLUG = "must be 1 to 64 of a-z, 0-9 and _, starting with a letter"
NOT_A_SCALAR = "must be a text, a number, true or false"
NO_NULL = "cannot be null; `missing: true` asks for what is not there"


def of_rule(**wrong: Any) -> dict[str, Any]:
    return {"flip_number": 5, "rules": [rule(**wrong)]}


def of_trait(**wrong: Any) -> dict[str, Any]:
    return {"flip_number": 5, "traits": [TRAIT | wrong]}


def of_condition(**when: Any) -> dict[str, Any]:
    return of_rule(when=when)


def test_all_errors_of_a_matrix_are_reported_at_once() -> None:
    wrong = of_rule(limit={"times": 0, "per": "hour"}, half_life="3w", cap=-5, machine="robots")
    assert refused(wrong | {"audience": "all"}) == {
        "rules.0.limit.times": "must be at least 1",
        "rules.0.limit.per": "must be 'day', 'week', 'month' or 'ever'",
        "rules.0.half_life": "is a number of days, such as 30d",
        "rules.0.cap": "must be more than 0",
        "rules.0.machine": "must be 'exclude', 'include' or 'only'",
        "audience": "must be 'sales' or 'offer'",
    }


def test_the_number_of_reported_errors_is_limited() -> None:
    assert len(refused({"flip_number": 5, "rules": [{}] * 50})) == MAX_COMPLAINTS


def test_the_problem_lists_all_errors_and_has_the_first_as_field_and_message() -> None:
    with pytest.raises(Refused) as refusal:
        read_matrix("m", {"rules": [rule(cap=0)]})
    problem = json.loads(bytes(problem_of(refusal.value).body))
    assert (problem["code"], problem["field"]) == ("matrix_invalid", "flip_number")
    assert problem["message"] == "flip_number: is missing"
    assert problem["errors"] == [
        {"field": "flip_number", "message": "is missing"},
        {"field": "rules.0.cap", "message": "rule visits: must be more than 0", "rule": "visits"},
    ]


def test_a_problem_with_one_thing_wrong_has_no_list_of_errors() -> None:
    assert "errors" not in json.loads(bytes(problem_of(Refused("c", "m", "f")).body))


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        ("text", None, "must be an object"),
        ({"flip_number": "many", "rules": [rule()]}, "flip_number", "must be a number"),
        ({"flip_number": 5, "rules": {}}, "rules", "must be a list"),
        (of_rule(id="Not A Slug"), "rules.0.id", NOT_A_SLUG),
        (of_rule(points=True), "rules.0.points", "must be a number"),
        (of_rule(points="8"), "rules.0.points", "must be a number"),
        (of_rule(cap="8"), "rules.0.cap", "must be a number"),
        (of_rule(limit={"times": "3", "per": "day"}), "rules.0.limit.times", "must be a whole number"),
        (of_rule(limit={"times": True, "per": "day"}), "rules.0.limit.times", "must be a whole number"),
        (of_rule(limit={"times": 1.5, "per": "day"}), "rules.0.limit.times", "must be a whole number"),
        (of_rule() | {"flip_number": True}, "flip_number", "must be a number"),
        (of_rule() | {"stages": {"aware": False}}, "stages.aware", "must be a number"),
        (
            of_rule() | {"inactivity": {"after": "9d", "points": "-3"}},
            "inactivity.points",
            "must be a number",
        ),
        (of_trait(points=True), "traits.0.points", "must be a number"),
        (of_condition(where={"a": {"gt": True}}), "rules.0.when.where.a.gt", "must be a number"),
        (
            of_condition(where={"a": {"between": [1, "2"]}}),
            "rules.0.when.where.a.between.1",
            "must be a number",
        ),
        (of_condition(where={"a": {"exists": 1}}), "rules.0.when.where.a.exists", "must be true or false"),
        (of_rule(points=2_000_000), "rules.0.points", "must be at most 1000000"),
        (of_rule(points=float("inf")), "rules.0.points", "must be a finite number"),
        (of_rule(label="x" * 201), "rules.0.label", "must have at most 200 characters"),
        (of_rule() | {"stages": {"A B": 1}}, "stages.A B", NOT_A_SLUG),
        (of_rule() | {"requires": [""]}, "requires.0", "must have at least 1 character"),
    ],
)
def test_messages_are_in_plain_words_with_the_limit(document: Any, field: str | None, message: str) -> None:
    assert refused(document) == {field: message}


@pytest.mark.parametrize(
    ("when", "field", "message"),
    [
        ("visit", "", 'must be a condition, such as {"type": "visit"}'),
        ({}, "", "name a type, a where, or both"),
        ({"all": []}, ".all", "must have at least 1 of them, not 0"),
        ({"type": 5}, ".type", "must be a type, such as visit, or a list of types"),
        ({"type": ""}, ".type", "must have at least 1 character"),
        ({"type": []}, ".type", "must have at least 1 of them, not 0"),
        ({"type": ["visit", 5]}, ".type.1", "must be a text"),
        ({"where": {"path": [1]}}, ".where.path", NOT_A_SCALAR),
        ({"where": {"type": [1]}}, ".where.type", NOT_A_SCALAR),
        ({"where": {"path": {"eq": [1]}}}, ".where.path.eq", NOT_A_SCALAR),
        ({"where": {"path": {"in": ["a", {}]}}}, ".where.path.in.1", NOT_A_SCALAR),
        ({"where": {"path": "x" * 1001}}, ".where.path", "must have at most 1000 characters"),
        ({"where": {"path": {"between": [2, 1]}}}, ".where.path", "between takes the lower bound first"),
        ({"where": {"path": None}}, ".where.path", NO_NULL),
        ({"not": {"where": {"a": {"gt": None}}}}, ".not.where.a.gt", NO_NULL),
        ({"where": {"a": {"eq": 1, "in": None}}}, ".where.a.in", NO_NULL),
        ({"where": {"a": {"in": [None]}}}, ".where.a.in.0", NOT_A_SCALAR),
        ({"where": {"": 5}}, ".where.", "must have at least 1 character"),
        ({"any": [{"not": {"type": ""}}]}, ".any.0.not.type", "must have at least 1 character"),
        ({"not": {"not": {"not": {"type": ""}}}}, ".not.not.not.type", "must have at least 1 character"),
    ],
)
def test_errors_in_conditions_have_the_path_as_written(when: Any, field: str, message: str) -> None:
    assert refused(of_rule(when=when)) == {f"rules.0.when{field}": message}


@pytest.mark.parametrize(
    ("when", "field", "message"),
    [
        ({}, "", "name at least one trait"),
        ({"title": [1]}, ".title", NOT_A_SCALAR),
        ({"title": None}, ".title", NO_NULL),
        ({"any": [{"title": {"starts_with": None}}]}, ".any.0.title.starts_with", NO_NULL),
        ({"type": 5, "where": {"equals": 1}}, ".where.equals", "is not known; known are"),
        ({"not": {"title": {"matches_any": [1]}}}, ".not.title.matches_any.0", "must be a text"),
    ],
)
def test_errors_in_trait_conditions_have_a_path_without_where(when: Any, field: str, message: str) -> None:
    (refusal,) = refused(of_trait(when=when)).items()
    assert refusal[0] == f"traits.0.when{field}"
    assert refusal[1].startswith(message)
    excluded = {"flip_number": 5, "rules": [rule()], "excludes": [{"a": 1}, when]}
    assert list(refused(excluded)) == [f"excludes.1{field}"]


@pytest.mark.parametrize(
    ("document", "field", "meant"),
    [
        (of_rule() | {"flipnumber": 5}, "flipnumber", "flip_number"),
        (of_rule(halflife="30d"), "rules.0.halflife", "half_life"),
        (of_rule(limit={"times": 1, "per": "day", "pre": 1}), "rules.0.limit.pre", "per"),
        (of_condition(typ="visit"), "rules.0.when.typ", "type"),
        (
            of_condition(where={"path": {"start_with": "/"}}),
            "rules.0.when.where.path.start_with",
            "starts_with",
        ),
        (of_condition(where={"path": {"int": ["/"]}}), "rules.0.when.where.path.int", "in"),
        (of_trait(point=5), "traits.0.point", "points"),
        (of_trait(when={"title": {"eqq": 1}}), "traits.0.when.title.eqq", "eq"),
        (
            of_rule() | {"groups": {"web": {"rules": ["visits"], "cap": 1, "caps": 1}}},
            "groups.web.caps",
            "cap",
        ),
        (of_rule() | {"inactivity": {"after": "9d", "points": -1, "flor": 1}}, "inactivity.flor", "floor"),
    ],
)
def test_an_unknown_key_is_refused_with_the_most_similar_known_key(
    document: dict[str, Any], field: str, meant: str
) -> None:
    assert refused(document) == {field: f"is not known; did you mean `{meant}`?"}


def test_an_unknown_key_without_a_similar_key_is_refused_with_all_known_keys() -> None:
    assert refused(of_condition(kind="visit")) == {
        "rules.0.when.kind": "is not known; known are type, where, all, any, not"
    }


@pytest.mark.parametrize(
    ("more", "field", "message"),
    [
        ({"rules": []}, "rules", "name at least one rule, of behaviour or of traits"),
        ({"rules": [rule(), rule()]}, "rules.1.id", "visits is used twice, first by rules.0"),
        ({"groups": {"web": {"rules": ["x"], "cap": 1}}}, "groups.web.rules.0", "there is no rule x"),
        (
            {"inactivity": {"after": "9d", "points": -3, "floor": -1}},
            "inactivity.floor",
            "-1 is above the -3 of the first step",
        ),
        ({"rules": [rule(half_life="1d", window="1d")]}, "rules.0", "give half_life or window, not both"),
        ({"model": "other"}, "model", "this is the draft of m, not of other."),
    ],
)
def test_contradictions_between_parts_are_reported_with_the_path_of_a_part(
    more: dict[str, Any], field: str, message: str
) -> None:
    assert refused(of_rule() | more) == {field: message}


@pytest.mark.parametrize("levels", [8, 100, 300, 20_000])
def test_too_deep_conditions_are_refused_at_any_depth(levels: int) -> None:
    deep: dict[str, Any] = {"type": "visit"}
    for _ in range(levels):
        deep = {"not": deep}
    messages = refused(of_rule(when=deep)) | refused(of_trait(when=deep))
    assert all("deep" in message for message in messages.values())
    assert all(len(field or "") < 200 for field in messages)


def test_a_very_long_unknown_key_is_cut_in_the_field() -> None:
    (field,) = refused(of_rule() | {"x" * 100_000: 1})
    assert field == "x" * 64
