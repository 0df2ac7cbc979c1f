"""A refusal lists all errors of a matrix at once, and names the rule of each part."""

import json
from typing import Any

import pytest

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.size import MAX_TESTS
from shared.errors import MAX_COMPLAINTS
from tests.support.builders import rule
from tests.unit.scoring.matrix.refusals import errors, refused

TRAIT = {"id": "decides", "when": {"title": "vp"}, "points": 15}


def test_errors_in_a_rule_name_the_rule_and_have_the_path_with_its_index() -> None:
    document = {
        "flip_number": 25,
        "rules": [rule(), rule("reads_pricing", when={"all": [{"type": 5}]}) | {"points": "8"}],
        "traits": [TRAIT | {"when": {"title": {"gt": "5"}}}],
        "stages": {"aware": "x"},
    }
    assert errors(document) == [
        {"field": "stages.aware", "message": "must be a number"},
        {
            "field": "rules.1.when.all.0.type",
            "message": "rule reads_pricing: must be a type, such as visit, or a list of types",
            "rule": "reads_pricing",
        },
        {
            "field": "rules.1.points",
            "message": "rule reads_pricing: must be a number",
            "rule": "reads_pricing",
        },
        {
            "field": "traits.0.when.title.gt",
            "message": "rule decides: must be a number",
            "rule": "decides",
        },
    ]


@pytest.mark.parametrize("rule_id", [None, 5, "", "x" * 65, "a\nb", ["a"], {"a": 1}])
def test_errors_in_a_rule_with_an_unusable_id_do_not_name_the_rule(rule_id: Any) -> None:
    found = errors({"flip_number": 25, "rules": [rule() | {"points": "8", "id": rule_id}]})
    assert {"field": "rules.0.points", "message": "must be a number"} in found
    assert not any("rule" in error for error in found)


def test_contradictions_are_reported_together_with_errors_of_single_parts() -> None:
    document = {
        "model": "other",
        "flip_number": -1,
        "rules": [
            rule("a", half_life="1d", window="1d", cap=-1),
            rule("a"),
            rule("inactivity", when={"where": {"path": {"gt": None, "eq": None, "between": [2, 1]}}}),
        ],
        "traits": [TRAIT, TRAIT],
        "groups": {"g": {"rules": ["x", "a", "decides"], "cap": 1}, "h": {"rules": ["a"], "cap": 0}},
        "inactivity": {"after": "soon", "points": -3, "floor": -1},
        "grades": {"fit": [1, 2, 3], "engagement": [3, 3, 1]},
    }
    assert refused(document) == {
        "flip_number": "must be more than 0",
        "rules.0.cap": "must be more than 0",
        "rules.0": "give half_life or window, not both",
        "rules.1.id": "a is used twice, first by rules.0",
        "rules.2.id": "inactivity is a name of Flipline's own",
        "rules.2.when.where.path.gt": "cannot be null; `missing: true` asks for what is not there",
        "rules.2.when.where.path.eq": "cannot be null; `missing: true` asks for what is not there",
        "rules.2.when.where.path": "between takes the lower bound first",
        "traits.1.id": "decides is used twice, first by traits.0",
        "groups.g.rules.0": "there is no rule x",
        "groups.g.rules": "rules of behaviour and of traits are not one group",
        "groups.h.cap": "must be more than 0",
        "groups.h.rules.0": "a is in group g already",
        "inactivity.after": "is a number of days, such as 30d",
        "inactivity.floor": "-1 is above the -3 of the first step",
        "grades.fit": "the thresholds fall from the first to the third",
        "grades.engagement": "the thresholds fall from the first to the third",
        "model": "this is the draft of m, not of other.",
    }


def test_size_reach_and_model_errors_are_reported_together() -> None:
    where = {f"p{n}": 1 for n in range(20)}
    many = [
        rule(f"r{n}", 1, when={"any": [{"where": where}] * 20}, cap=1) for n in range(MAX_TESTS // 400 + 1)
    ]
    messages = refused({"model": "other", "flip_number": 25, "rules": many})
    assert list(messages) == ["model", "rules", "flip_number"]


def test_the_number_of_reported_errors_and_contradictions_is_limited() -> None:
    assert len(refused({"flip_number": 25, "rules": [rule()] * 50})) == MAX_COMPLAINTS
    assert (
        len(refused({"flip_number": -1, "rules": [rule() | {"points": "x"}] * 50, "model": "n"}))
        == MAX_COMPLAINTS
    )


@pytest.mark.parametrize(
    "section", ["rules", "traits", "groups", "inactivity", "grades", "requires", "excludes"]
)
@pytest.mark.parametrize(
    "hostile",
    [None, 5, "x", [], {}, [[]], [{}], [None], {"a": None}, {"a": {"rules": 5}}, {"a": {"rules": [{}, None]}},
     [{"id": []}], [{"id": "\ud800"}] * 2, {"g": {"rules": ["\ud800", "\ud800"]}},
     [{"id": "x" * 10_000}] * 3, {"fit": [1, "2", {}], "engagement": [10**400] * 3},
     {"after": "1d", "points": -(10**400), "floor": 10**400}, {"points": float("nan"), "floor": -1},
     [{"id": "a", "when": {"where": {"a": {"between": [10**400, 1]}}}, "points": 1}]],
)  # fmt: skip
def test_hostile_sections_give_few_and_short_errors(section: str, hostile: Any) -> None:
    document = {"flip_number": -1, "rules": [rule()], section: hostile}
    found = errors(document)
    assert 0 < len(found) <= MAX_COMPLAINTS
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 10_000


def test_an_invalid_model_name_is_refused_without_a_codec_error() -> None:
    messages = refused({"model": "\ud800", "flip_number": 1, "rules": [rule()]})
    assert list(messages) == ["model"]
    assert "codec" not in messages["model"]


def test_a_consistent_matrix_is_accepted() -> None:
    document = {
        "flip_number": 5, "rules": [rule("a"), rule("b", half_life="1d", window=None)], "traits": [TRAIT],
        "groups": {"g": {"rules": ["a", "b"], "cap": 1}, "h": {"rules": ["decides"], "cap": 1}},
        "inactivity": {"after": "1d", "points": -1, "floor": -1},
        "grades": {"fit": [3, 2, 1], "engagement": [3.5, 2, -1]},
    }  # fmt: skip
    assert len(Matrix.model_validate(document).rules) == 2
