"""A comparison: what a condition asks of one value, and how that reads in words."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from shared.strict import Fault, Strict, is_number

_NULL = "cannot be null; `missing: true` asks for what is not there"

Text = Annotated[str, Field(min_length=1, max_length=256)]
Scalar: TypeAlias = Annotated[str, Field(max_length=1000)] | bool | int | float
_Scalars = Annotated[list[Scalar], Field(min_length=1, max_length=1000, fail_fast=True)]
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth: TypeAlias = Annotated[bool, Field(strict=True)]


class Comparison(Strict):
    """What is asked of one value; every operator given must hold.

    A missing value meets only `missing: true` and `exists: false`, so no operand is null; blank texts and
    empty lists and objects are as missing as null. Numbers are compared as numbers, and nothing is converted:
    the string "5" is not the number 5. `contains` looks for a part of a string or an element of a list, and
    `glob` knows `*`, `?` and `[...]`. `matches_any` looks for any of several parts regardless of case and
    accents, though n and ñ are two letters; all other operators are exact.
    """

    model_config = ConfigDict(populate_by_name=True)

    eq: Scalar | None = None
    in_: _Scalars | None = Field(None, alias="in")
    contains: Scalar | None = None
    starts_with: Text | None = None
    glob: Text | None = None
    gt: Number | None = None
    gte: Number | None = None
    lt: Number | None = None
    lte: Number | None = None
    between: tuple[Number, Number] | None = None
    exists: Truth | None = None
    missing: Truth | None = None
    matches_any: Annotated[list[Text], Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _scalar_means_eq(cls, value: Any) -> Any:
        if value is None:
            raise ValueError(_NULL)
        return value if isinstance(value, Mapping | Comparison) else {"eq": value}

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield operands that are null, bounds in the wrong order, and that nothing is asked."""
        if not written:
            yield Fault((), "name at least one operator, such as eq, starts_with or gte")
        for name, operand in written.items():
            if operand is None and name in cls.model_fields.keys() | {"in"}:
                yield Fault((name,), _NULL)
        match written.get("between"):
            case [lower, upper] if is_number(lower) and is_number(upper) and lower > upper:
                yield Fault((), "between takes the lower bound first")
            case _:
                return


_WORDS: Final[Mapping[str, str]] = {
    "eq": "is",
    "in": "is one of",
    "contains": "contains",
    "starts_with": "starts with",
    "glob": "looks like",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "between": "is between",
    "matches_any": "has any of",
}


def explain_comparison(test: Comparison) -> str:
    """Return what a test asks, in words that follow the name of the value."""
    asked = test.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return " and ".join(_explain_operator(name, operand) for name, operand in asked.items())


def _explain_operator(name: str, operand: Any) -> str:
    if name in {"exists", "missing"}:
        return "is known" if operand == (name == "exists") else "is not known"
    several = operand if isinstance(operand, list) else [operand]
    joined = (" and " if name == "between" else ", ").join(map(_explain_value, several))
    return f"{_WORDS[name]} {joined}"


def _explain_value(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
