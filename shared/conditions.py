"""The condition union: what a rule may ask of an interaction; checked, named and explained here.

A condition is data, never code: it has no string language and no regular expression of the user's, so it
can neither run away (ReDoS) nor reach anything.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Annotated, Any, Final, TypeAlias, assert_never

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from shared.strict import Fault, Strict, few, is_number

_NULL = "cannot be null; `missing: true` asks for what is not there"

Text = Annotated[str, Field(min_length=1, max_length=256)]
Scalar: TypeAlias = Annotated[str, Field(max_length=1000)] | bool | int | float
_Scalars = Annotated[list[Scalar], Field(min_length=1, max_length=1000, fail_fast=True)]
Number: TypeAlias = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Truth: TypeAlias = Annotated[bool, Field(strict=True)]
Path = Annotated[str, Field(min_length=1, max_length=128)]


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


class Matches(Strict):
    """An interaction of a type (or one of several; absent: any) whose properties meet all tests."""

    type: Text | Annotated[list[Text], Field(min_length=1, max_length=50)] | None = None
    where: Annotated[dict[Path, Comparison], few(20)] = Field(default={}, max_length=20)

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield that nothing is asked; of names that nobody knows that is told instead."""
        if (
            written.get("type") is None
            and not written.get("where")
            and written.keys() <= cls.model_fields.keys()
        ):
            yield Fault((), "name a type, a where, or both")

    @property
    def types(self) -> frozenset[str] | None:
        """The types asked for; None is any."""
        if self.type is None:
            return None
        return frozenset([self.type] if isinstance(self.type, str) else self.type)


class AllOf(Strict):
    """Every one of the conditions holds."""

    all: Annotated[list["Condition"], Field(min_length=1, max_length=20)]


class AnyOf(Strict):
    """At least one of the conditions holds."""

    any: Annotated[list["Condition"], Field(min_length=1, max_length=20)]


class Not(Strict):
    """The condition does not hold."""

    model_config = ConfigDict(populate_by_name=True)

    not_: "Condition" = Field(alias="not")


def _kind(value: Any) -> str:
    names: Any = value if isinstance(value, Mapping) else getattr(value, "model_fields_set", ())
    for name in ("all", "any", "not", "not_"):
        if name in names:
            return name.rstrip("_")
    return "matches"


Condition: TypeAlias = Annotated[
    Annotated[Matches, Tag("matches")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")],
    Discriminator(_kind),
]

AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


def children(condition: Condition) -> list[Condition]:
    """Return the conditions right below this one."""
    match condition:
        case Matches():
            return []
        case AllOf(all=parts) | AnyOf(any=parts):
            return parts
        case Not(not_=part):
            return [part]
        case _:
            assert_never(condition)


def fingerprint(condition: Condition, by: str | None) -> str:
    """Return the key under which this condition is counted, equal for conditions that ask the same."""
    canonical = json.dumps([_canonical(condition), by], sort_keys=True, separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=8).hexdigest()


def _canonical(condition: Condition) -> Any:
    match condition:
        case Matches(where=where):
            types = sorted(condition.types) if condition.types else None
            tests = {
                path: test.model_dump(mode="json", by_alias=True, exclude_unset=True)
                for path, test in where.items()
            }
            return {"type": types, "where": tests}
        case AllOf(all=parts):
            return {"all": [_canonical(part) for part in parts]}
        case AnyOf(any=parts):
            return {"any": [_canonical(part) for part in parts]}
        case Not(not_=part):
            return {"not": _canonical(part)}
        case _:
            assert_never(condition)


def possible_types(condition: Condition) -> frozenset[str] | None:
    """Return the only types of interaction that can meet the condition; None when any type might."""
    match condition:
        case Matches():
            return condition.types
        case AllOf(all=parts):
            known = [types for part in parts if (types := possible_types(part)) is not None]
            return frozenset.intersection(*known) if known else None
        case AnyOf(any=parts):
            each = [possible_types(part) for part in parts]
            return frozenset[str]().union(*(types for types in each if types)) if None not in each else None
        case Not():
            return None
        case _:
            assert_never(condition)


def named_types(condition: Condition) -> frozenset[str]:
    """Return the types of interaction that the condition names, also those that are not to be."""
    if isinstance(condition, Matches):
        return condition.types or frozenset()
    return frozenset[str]().union(*(named_types(part) for part in children(condition)))


def explain(condition: Condition) -> str:
    """Return the condition in words, as the label of a rule that has none."""
    match condition:
        case Matches(where=where):
            types = " or ".join(sorted(condition.types or ()))
            tests = " and ".join(f"{path} {_explain_test(test)}" for path, test in where.items())
            return " where ".join(part for part in (types, tests) if part)
        case AllOf(all=parts):
            return " and ".join(f"({explain(part)})" for part in parts)
        case AnyOf(any=parts):
            return " or ".join(f"({explain(part)})" for part in parts)
        case Not(not_=part):
            return f"not ({explain(part)})"
        case _:
            assert_never(condition)


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


def _explain_test(test: Comparison) -> str:
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
