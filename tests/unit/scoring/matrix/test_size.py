"""How large a matrix may be as a whole; what was accepted once stays readable."""

from typing import Any

import pytest

from services.scoring.matrix.reading import read_matrix, stored_matrix
from services.scoring.matrix.size import MAX_NAMES, MAX_TESTS, MAX_VALUES
from shared.errors import Refused
from tests.support.builders import rule


def asking(*conditions: dict[str, Any], **more: Any) -> dict[str, Any]:
    rules = [rule(f"r{number}", 1, when=condition) for number, condition in enumerate(conditions)]
    return {"flip_number": 1, "rules": rules} | more


def types(number: int) -> list[dict[str, Any]]:
    """Conditions that name `number` types, half of them within a `not`."""
    names = [f"type_{n}" for n in range(number)]
    chunks = [names[start : start + 50] for start in range(0, number, 50)]
    return [{"not": {"type": chunk}} if n % 2 else {"type": chunk} for n, chunk in enumerate(chunks)]


def properties(number: int) -> list[dict[str, Any]]:
    names = [f"p{n}" for n in range(number)]
    return [{"where": dict.fromkeys(names[start : start + 20], 1)} for start in range(0, number, 20)]


def traits(number: int) -> dict[str, Any]:
    names = [f"t{n}" for n in range(number)]
    conditions = [dict.fromkeys(names[start : start + 20], 1) for start in range(0, number, 20)]
    each = [{"id": f"t{n}", "when": condition, "points": 1} for n, condition in enumerate(conditions)]
    return asking({"type": "visit"}, traits=each)


AT_MOST = {
    "types of interaction": (asking(*types(MAX_NAMES)), asking(*types(MAX_NAMES), {"type": "more"})),
    "properties": (asking(*properties(MAX_NAMES)), asking(*properties(MAX_NAMES), {"where": {"more": 1}})),
    "traits": (traits(MAX_NAMES), traits(MAX_NAMES) | {"requires": ["more"]}),
}


@pytest.mark.parametrize("kind", AT_MOST)
def test_a_matrix_may_name_at_most_a_thousand_types_properties_or_traits(kind: str) -> None:
    largest, too_large = AT_MOST[kind]
    read_matrix("m", largest)
    with pytest.raises(Refused, match=f"at most 1,000 {kind}; this one names 1,001") as refused:
        read_matrix("m", too_large)
    assert (refused.value.code, refused.value.field) == (
        "matrix_invalid",
        "traits" if kind == "traits" else "rules",
    )
    stored_matrix("m", too_large)


def test_the_by_of_a_limit_counts_as_a_named_property() -> None:
    document = asking(*properties(MAX_NAMES))
    document["rules"][0]["limit"] = {"times": 1, "per": "ever", "by": "p0"}
    read_matrix("m", document)
    document["rules"][0]["limit"]["by"] = "more"
    with pytest.raises(Refused, match="1,000 properties"):
        read_matrix("m", document)


def test_the_number_of_tests_in_all_conditions_is_limited() -> None:
    twenty = {"where": {f"p{n}": 1 for n in range(20)}}
    of_rules = asking(*[{"any": [twenty] * 5}] * (MAX_TESTS // 100))
    read_matrix("m", of_rules)
    with pytest.raises(Refused, match="at most 5,000 things in all; these ask 5,001"):
        read_matrix("m", of_rules | {"excludes": [{"country": "x"}]})


@pytest.mark.parametrize(
    "document",
    [
        {"flip_number": 1, "rules": list(range(MAX_VALUES + 1))},
        {f"k{n}": n for n in range(MAX_VALUES + 1)},
        {"rules": [[n] * 100 for n in range(MAX_VALUES // 100)]},
    ],
)
def test_a_document_with_too_many_values_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="at most 50,000 values in all") as refused:
        read_matrix("m", document)
    assert refused.value.errors == [{"field": None, "message": "a matrix has at most 50,000 values in all."}]


@pytest.mark.parametrize("document", [None, "text", 5, []])
def test_a_document_that_is_not_an_object_is_refused(document: Any) -> None:
    with pytest.raises(Refused, match="must be an object"):
        read_matrix("m", document)
