"""The conditions that a rule may set on an interaction: their shapes, checks, fingerprints and explanations.

A condition is data, never code: it has no expression language and no regular expression of the user's, so
it can neither run away (ReDoS) nor reach anything.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Annotated, Any, TypeAlias, assert_never

from pydantic import ConfigDict, Discriminator, Field, Tag

from shared.comparison import Comparison, explain_comparison
from shared.names import MAX_NAME_LENGTH
from shared.operators.operands import Text
from shared.strict import Fault, Strict, few

Path = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)]


class Matches(Strict):
    """An interaction of a type (or one of several; absent: any) whose properties meet all tests."""

    type: Text | Annotated[list[Text], Field(min_length=1, max_length=50)] | None = None
    where: Annotated[dict[Path, Comparison], few(20)] = Field(default={}, max_length=20)

    @classmethod
    def faults(cls, written: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield a fault when neither type nor test is set; unknown names have an error of their own."""
        if (
            written.get("type") is None
            and not written.get("where")
            and written.keys() <= cls.model_fields.keys()
        ):
            yield Fault((), "name a type, a where, or both")

    @property
    def types(self) -> frozenset[str] | None:
        """The types that match; None is any."""
        if self.type is None:
            return None
        return frozenset([self.type] if isinstance(self.type, str) else self.type)


class AllOf(Strict):
    """All of the conditions hold."""

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
    """Return the conditions directly below this one."""
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
    """Return the key of the condition's counts, equal for conditions with the same meaning."""
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
            restrictions = [types for part in parts if (types := possible_types(part)) is not None]
            return frozenset.intersection(*restrictions) if restrictions else None
        case AnyOf(any=parts):
            possible = [possible_types(part) for part in parts]
            return (
                frozenset[str]().union(*(types for types in possible if types))
                if None not in possible
                else None
            )
        case Not():
            return None
        case _:
            assert_never(condition)


def named_types(condition: Condition) -> frozenset[str]:
    """Return the types of interaction that the condition names, including types within a `not`."""
    if isinstance(condition, Matches):
        return condition.types or frozenset()
    return frozenset[str]().union(*(named_types(part) for part in children(condition)))


def explain(condition: Condition) -> str:
    """Return the condition in words: the label of a rule without one."""
    match condition:
        case Matches(where=where):
            types = " or ".join(sorted(condition.types or ()))
            tests = " and ".join(f"{path} {explain_comparison(test)}" for path, test in where.items())
            return " where ".join(part for part in (types, tests) if part)
        case AllOf(all=parts):
            return " and ".join(f"({explain(part)})" for part in parts)
        case AnyOf(any=parts):
            return " or ".join(f"({explain(part)})" for part in parts)
        case Not(not_=part):
            return f"not ({explain(part)})"
        case _:
            assert_never(condition)
