"""How many errors a document with very many faults gets; the tests count and do not time."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from unittest.mock import ANY

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from shared.errors import MAX_COMPLAINTS, Refused
from shared.strict import ENOUGH, Fault, Strict, few, is_number
from shared.web.queries import known_parameters
from shared.wording import suggestion


class Part(Strict):
    points: int = 0


class Whole(Strict):
    renamed: Annotated[int, Field(alias="name")] = 0
    part: Part = Part()
    parts: list[Part] = Field(default=[])
    by_name: Annotated[dict[str, Part], few(5)] = Field(default={})


def errors(document: Any, shape: type[BaseModel] = Whole) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        shape.model_validate(document)
    return caught.value.errors(include_url=False)


UNKNOWN_NAMES = {f"stranger_{index}": index for index in range(150_000)}


def test_150_000_unknown_names_give_20_errors() -> None:
    found = errors(UNKNOWN_NAMES)
    assert [error["loc"] for error in found] == [(f"stranger_{index}",) for index in range(MAX_COMPLAINTS)]
    assert {error["type"] for error in found} == {"extra_forbidden"}
    assert [error["loc"] for error in errors({"part": UNKNOWN_NAMES})] == [
        ("part", f"stranger_{index}") for index in range(MAX_COMPLAINTS)
    ]


def test_errors_of_known_fields_are_found_beside_unknown_names() -> None:
    found = {error["loc"] for error in errors(UNKNOWN_NAMES | {"name": "x", "part": {"points": "many"}})}
    assert {("name",), ("part", "points")} <= found
    assert len(found) == MAX_COMPLAINTS + 2


def test_parts_after_enough_errors_are_not_validated() -> None:
    found = errors({"parts": [{"a": 1, "b": 2, "points": "many"}] * 1000})
    reported = [error for error in found if error["type"] != ENOUGH]
    assert MAX_COMPLAINTS <= len(reported) < MAX_COMPLAINTS + 3
    # One error, instead of three, for each part that was not looked at.
    assert len(found) == len(reported) + 1000 - len(reported) // 3
    assert [error["type"] for error in found[: len(reported)]] == [error["type"] for error in reported]


def test_a_mapping_with_too_many_entries_is_not_read() -> None:
    (error,) = errors({"by_name": {str(index): {"unknown": 1} for index in range(100_000)}})
    assert (error["type"], error["loc"], error["ctx"]["max_length"]) == ("too_long", ("by_name",), 5)


def test_each_validation_counts_errors_from_zero() -> None:
    for _ in range(3):
        assert len(errors({"parts": [{"x": 1}] * 15})) == 15
        assert Whole.model_validate({"name": 3, "parts": [{"points": 2}] * 50}).parts[49].points == 2


def test_a_very_long_name_gets_no_suggestion() -> None:
    assert suggestion("poinst", ["points"]) == "points"
    assert suggestion("poinst" + "x" * 200, ["points" + "x" * 200]) is None


async def test_only_twenty_of_many_unknown_parameters_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    monkeypatch.setattr(
        "shared.web.queries.unknown", lambda name, _known: compared.append(name) or "is not known"
    )
    app = FastAPI()

    @app.get("/")
    async def get(limit: int = 1) -> None: ...

    scope = {
        "type": "http",
        "route": app.router.routes[-1],
        "query_string": "&".join(f"x{index}=1" for index in range(8000)).encode(),
    }
    with pytest.raises(Refused) as caught:
        await known_parameters(Request(scope))
    assert len(compared) == len(caught.value.errors or ()) == MAX_COMPLAINTS


def test_a_model_without_the_strict_base_makes_an_error_per_name() -> None:
    """Without the base, pydantic makes as many errors as there are names."""

    class Loose(BaseModel):
        model_config = ConfigDict(extra="forbid")

    assert len(errors(UNKNOWN_NAMES, Loose)) == len(UNKNOWN_NAMES)


class Both(Strict):
    least: int = 0
    most: int = 0
    parts: list[Part] = Field(default=[])

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if (
            is_number(written.get("least"))
            and is_number(written.get("most"))
            and written["least"] > written["most"]
        ):
            yield Fault(("least",), "lies above {most}")


class Nested(Strict):
    both: Both


def test_contradictions_are_reported_after_errors_of_single_fields() -> None:
    wrong = {"both": {"least": 2, "most": 1, "parts": [{"points": "many"}, {"x": 1}]}}
    found = [(error["loc"], error["type"], error["msg"]) for error in errors(wrong, Nested)]
    assert found == [
        (("both", "parts", 0, "points"), "int_parsing", ANY),
        (("both", "parts", 1, "x"), "extra_forbidden", ANY),
        (("both", "least"), "value_error", "Value error, lies above {most}"),
    ]
    (alone,) = errors({"both": {"least": 2, "most": 1}}, Nested)
    assert (alone["loc"], alone["type"]) == (("both", "least"), "value_error")
    assert Nested.model_validate({"both": {"least": 1, "most": 2}}).both.most == 2


def test_errors_beside_contradictions_have_their_limits() -> None:
    class Limited(Strict):
        n: Annotated[int, Field(ge=3)] = 3
        names: Annotated[dict[str, Part], few(1)] = Field(default={})

        @classmethod
        def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
            del written
            yield Fault((), "is never right")

    least, many, never = errors({"n": 1, "names": {"a": {}, "b": {}}}, Limited)
    assert (least["type"], least["ctx"]) == ("greater_than_equal", {"ge": 3})
    assert (many["type"], many["ctx"]["max_length"]) == ("too_long", 1)
    assert never["loc"] == ()


def test_contradictions_count_towards_the_maximum_number_of_errors() -> None:
    found = errors({"parts": [{}, {"x": 1}] + [{"both": 1}] * 50}, Crowded)
    assert sum(error["type"] != ENOUGH for error in found) == MAX_COMPLAINTS


class Opposed(Strict):
    both: int = 0

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        if "both" in written:
            yield Fault((), "is never right")


class Crowded(Strict):
    parts: list[Opposed]


@pytest.mark.parametrize("number", [0, 1.5, -(10**300)])
def test_a_number_that_fits_a_double_is_a_number(number: float) -> None:
    assert is_number(number)


@pytest.mark.parametrize("other", [True, "1", None, [1], float("nan"), float("inf"), 10**400])
def test_other_values_are_not_numbers(other: Any) -> None:
    assert not is_number(other)
