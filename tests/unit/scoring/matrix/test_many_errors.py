"""How many errors and warnings a matrix with very many faults gets; the tests count and do not time."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import read_matrix
from services.scoring.matrix.seen_names import SeenNames
from services.scoring.matrix.size import MAX_NAMES
from services.scoring.matrix.warnings.all_warnings import MAX_WARNINGS, warnings
from shared.errors import MAX_COMPLAINTS, Refused
from shared.wording import suggestion
from tests.support.builders import rule

LEAF: dict[str, Any] = {"tipe": "visit", "where": {"path": {"startswith": "/", "end": 1}}}
WRONG: dict[str, dict[str, Any]] = {
    "rules": {"rules": [{f"x{index}": 1 for index in range(50)}] * 200},
    "leaves": {"rules": [{"id": "a", "when": {"any": [{"all": [LEAF] * 20}] * 4}, "points": "x"}] * 200},
    "tests": {"rules": [rule("visit", 1, where={str(index): [] for index in range(100_000)})] * 200},
    "values": {"rules": [rule("visit", 1, where={"path": {"in": [[]] * 1000}})] * 200},
    "types": {"rules": [{"id": "a", "when": {"type": [1] * 50}, "points": 1}] * 200},
    "traits": {"traits": [{"id": "a", "when": {"all": [{"not": {"x": {"y": 1}}}] * 20}}] * 200},
    "groups": {"groups": {f"g{index}": {} for index in range(100_000)}},
    "stages": {"stages": {f"s{index}": "x" for index in range(100_000)}},
    "excludes": {"excludes": [{"a": {f"x{index}": 1 for index in range(1000)}}] * 50},
    "requires": {"requires": [1] * 100_000},
}


def errors(document: Any) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        Matrix.model_validate(document)
    return caught.value.errors(include_url=False)


@pytest.mark.parametrize("document", WRONG.values(), ids=WRONG)
def test_a_matrix_that_is_wrong_everywhere_makes_few_errors(document: dict[str, Any]) -> None:
    found = errors({"flip_number": 25} | document)
    # Twenty, those of the part that the twentieth is in, one for each part of a list behind it, and twenty of
    # what parts say against each other.
    assert len(found) < 20 + 50 + 200 + 20
    with pytest.raises(Refused) as caught:
        read_matrix("m", {"flip_number": 25} | document)
    assert caught.value.errors
    assert len(caught.value.errors) <= MAX_COMPLAINTS
    assert not any("enough" in error["message"] for error in caught.value.errors)


def deep(levels: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"type": "visit"}
    for _ in range(levels - 1):
        condition = {"any": [condition]}
    return condition


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ({"any": [{"any": [{"type": "visit"}] * 20}] * 5}, "a condition has at most 100 parts"),
        ({"any": [{"type": "visit"}] * 100_000}, "a condition has at most 100 parts"),
        (deep(9), "a condition is at most 8 levels deep"),
        (deep(400), "a condition is at most 8 levels deep"),
    ],
)
def test_a_condition_that_is_too_large_is_not_read(when: dict[str, Any], message: str) -> None:
    (error,) = errors({"flip_number": 1, "rules": [{"id": "a", "when": when, "points": 1}]})
    assert (error["loc"], error["msg"]) == (("rules", 0, "when"), f"Value error, {message}")


def naming(types: int) -> dict[str, Any]:
    """A matrix with rules that name `types` types, 50 in each condition."""
    names = [f"type_{index}" for index in range(types)]
    parts = [{"type": names[start : start + 50]} for start in range(0, types, 50)]
    rules = [
        {"id": f"r{start}", "when": {"any": parts[start : start + 20]}, "points": 1}
        for start in range(0, len(parts), 20)
    ]
    return {"flip_number": 1, "rules": rules}


def test_a_matrix_may_name_at_most_a_thousand_types() -> None:
    found = warnings(read_matrix("m", naming(MAX_NAMES)), SeenNames(types=frozenset({"x"})))
    assert len(found) == MAX_WARNINGS
    for types in (MAX_NAMES + 1, 16_800):
        with pytest.raises(Refused, match=f"at most 1,000 types of interaction; this one names {types:,}"):
            read_matrix("m", naming(types))


def test_suggestions_are_searched_only_for_the_first_twenty_unknown_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []

    def counted(written: str, known: Any, **how: Any) -> str | None:
        searched.append(written)
        return suggestion(written, known, **how)

    monkeypatch.setattr("services.scoring.matrix.warnings.nearest.suggestion", counted)
    warnings(read_matrix("m", naming(500)), SeenNames(types=frozenset({"type_x"})))
    assert len(searched) == 20
