from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.comparison import Comparison
from shared.condition_size import check_size
from shared.conditions import Condition, explain, fingerprint, possible_types
from shared.matching import compile_condition
from tests.support.builders import interaction

CONDITION: TypeAdapter[Any] = TypeAdapter(Condition)


def condition(document: Any) -> Any:
    return CONDITION.validate_python(document)


def holds(document: Any, type: str = "visit", **properties: Any) -> bool:
    return compile_condition(condition(document))(interaction(type, **properties))


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ({"eq": "a"}, "a", True),
        ({"eq": 1}, True, False),
        ({"eq": 5}, "5", False),
        ({"in": ["a", "b"]}, "b", True),
        ({"in": ["a", "b"]}, "c", False),
        ({"contains": "ric"}, "pricing", True),
        ({"contains": "shoes"}, ["socks", "shoes"], True),
        ({"contains": "shoe"}, ["socks", "shoes"], False),
        ({"contains": 1}, "1", False),
        ({"starts_with": "/pricing"}, "/pricing/eu", True),
        ({"starts_with": "/pricing"}, 5, False),
        ({"glob": "/docs/*.pdf"}, "/docs/a/b.pdf", True),
        ({"glob": "/docs/*.pdf"}, "/docs/a.pdf.exe", False),
        ({"gt": 5}, 5, False),
        ({"gte": 5}, 5, True),
        ({"lt": 5}, "4", False),
        ({"lte": 5}, True, False),
        ({"between": [1, 3]}, 3, True),
        ({"between": [1, 3]}, 3.1, False),
        ({"gt": 1, "lt": 3}, 2, True),
        ({"gt": 1, "lt": 3}, 3, False),
        ({"exists": True}, "", False),
        ({"exists": True}, False, True),
        ({"missing": True}, " \t", True),
        ({"missing": True}, "\u200b\ufeff", True),
        ({"missing": True}, [], True),
        ({"missing": True}, [None, "", {}], True),
        ({"missing": True}, {"a": {"b": [""]}}, True),
        ({"exists": True}, {"a": {"b": [0]}}, True),
        ({"exists": True}, None, False),
        ({"missing": True}, None, True),
        ({"missing": False}, 0, True),
        ({"matches_any": ["vp", "Chief"]}, "CHIEF executive", True),
        ({"matches_any": ["straße"]}, "HAUPTSTRASSE", True),
        ({"matches_any": ["vp"]}, ["Clerk", "SVP"], True),
        ({"matches_any": ["vp"]}, 7, False),
        ("exactly this", "exactly this", True),
    ],
)
def test_an_operator_meets_or_fails_a_value(comparison: Any, value: Any, expected: bool) -> None:
    assert holds({"where": {"it": comparison}}, it=value) is expected


@pytest.mark.parametrize("operator", ["eq", "in", "contains", "starts_with", "glob", "gt", "matches_any"])
def test_a_missing_value_meets_no_comparison(operator: str) -> None:
    operand: Any = {"in": ["a"], "matches_any": ["a"], "gt": 1}.get(operator, "a")
    assert not holds({"where": {"it": {operator: operand}}})
    assert holds({"not": {"where": {"it": {operator: operand}}}})


def test_all_any_and_not_combine() -> None:
    either = {"any": [{"type": "visit"}, {"type": "download"}]}
    both = {"all": [either, {"not": {"where": {"path": {"starts_with": "/jobs"}}}}]}
    assert holds(both, path="/pricing")
    assert not holds(both, path="/jobs/4")
    assert not holds(both, type="like")


def test_a_path_leads_into_nested_properties_and_flat_keys_win() -> None:
    assert holds({"where": {"product.category": "shoes"}}, product={"category": "shoes"})
    assert holds({"where": {"product.category": "shoes"}}, **{"product.category": "shoes"})
    assert not holds({"where": {"product.category": "shoes"}}, product="shoes")


def test_campaign_and_source_are_paths_too() -> None:
    from msgspec.structs import replace

    mail = replace(interaction("email_open"), campaign="spring", source="mailer")
    assert compile_condition(condition({"where": {"campaign": "spring", "source": "mailer"}}))(mail)
    assert not compile_condition(condition({"where": {"campaign": "autumn"}}))(mail)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({}, "matches"),
        ({"type": "visit", "whree": {}}, "whree"),
        ({"where": {"a": {}}}, "where.a"),
        ({"where": {"a": {"like": "b"}}}, "where.a.like"),
        ({"where": {"a": {"between": [3, 1]}}}, "where.a"),
        ({"where": {"a": {"gt": "b"}}}, "where.a.gt"),
        ({"where": {"a": None}}, "where.a"),
        ({"all": []}, "all"),
        ({"all": [{"type": "visit"}], "any": [{"type": "visit"}]}, "any"),
        ({"type": ["visit"] * 51}, "type"),
    ],
)
def test_an_invalid_condition_is_refused_with_its_path(wrong: Any, where: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        condition(wrong)
    assert where in ".".join(str(part) for error in refusal.value.errors() for part in error["loc"])


@pytest.mark.parametrize("operator", [field.alias or name for name, field in Comparison.model_fields.items()])
def test_a_null_operand_is_refused(operator: str) -> None:
    """Null would be compared with the value of every interaction, and most operators cannot do that."""
    with pytest.raises(
        ValidationError, match=rf"\.{operator}\n  Value error, cannot be null; `missing: true` asks"
    ):
        condition({"where": {"a": {operator: None}}})


def test_a_too_deep_condition_is_refused() -> None:
    deep: Any = {"type": "visit"}
    for _ in range(9):
        deep = {"not": deep}
    with pytest.raises(ValueError, match="8 levels"):
        check_size(deep)


def test_a_condition_with_too_many_parts_is_refused() -> None:
    wide = {"any": [{"all": [{"type": "visit"}] * 20}] * 20}
    with pytest.raises(ValueError, match="100 parts"):
        check_size(wide)


def test_equal_conditions_have_the_same_fingerprint() -> None:
    first = condition({"type": ["b", "a"], "where": {"x": {"eq": 1}, "y": 2}})
    second = condition({"where": {"y": {"eq": 2}, "x": 1}, "type": ["a", "b"]})
    assert fingerprint(first, None) == fingerprint(second, None)
    assert fingerprint(first, "asset") != fingerprint(first, None)
    assert fingerprint(first, None) != fingerprint(condition({"type": ["a", "c"]}), None)


@pytest.mark.parametrize(
    ("document", "types"),
    [
        ({"type": "visit"}, {"visit"}),
        ({"where": {"x": 1}}, None),
        ({"all": [{"type": ["visit", "like"]}, {"type": ["like", "share"]}]}, {"like"}),
        ({"all": [{"type": "visit"}, {"where": {"x": 1}}]}, {"visit"}),
        ({"any": [{"type": "visit"}, {"type": "like"}]}, {"visit", "like"}),
        ({"any": [{"type": "visit"}, {"where": {"x": 1}}]}, None),
        ({"not": {"type": "visit"}}, None),
    ],
)
def test_possible_types_returns_the_types_that_can_meet_a_condition(
    document: Any, types: set[str] | None
) -> None:
    assert possible_types(condition(document)) == types


def test_a_condition_is_explained_in_words() -> None:
    document = {
        "all": [{"type": "visit", "where": {"path": {"starts_with": "/pricing"}}}, {"not": {"type": "like"}}]
    }
    assert explain(condition(document)) == '(visit where path starts with "/pricing") and (not (like))'


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("VP", 'is "VP"'),
        ({"in": ["ES", "PT"]}, 'is one of "ES", "PT"'),
        ({"gte": 100, "lt": 2.5e3}, "is at least 100 and is less than 2500"),
        ({"gt": 1.5, "lte": 10_000_000}, "is more than 1.5 and is at most 10000000"),
        ({"between": [1, 5]}, "is between 1 and 5"),
        ({"matches_any": ["vp", "chief"]}, 'has any of "vp", "chief"'),
        ({"contains": True}, "contains true"),
        ({"glob": "/blog/*"}, 'looks like "/blog/*"'),
        ({"exists": True}, "is known"),
        ({"exists": False}, "is not known"),
        ({"missing": True}, "is not known"),
        ({"missing": False}, "is known"),
        ({"eq": 12345678901}, "is 12345678901"),
        ({"eq": 10**400}, f"is {10**400}"),
    ],
)
def test_a_test_is_explained_in_words_that_sales_reads(test: Any, words: str) -> None:
    assert explain(condition({"where": {"title": test}})) == f"title {words}"
