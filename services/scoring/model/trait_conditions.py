"""Conditions on traits: the same union as for interactions, written with the traits themselves as keys.

`{title: {matches_any: [vp, chief]}}` asks of one trait, several keys ask of all of them, and `all`, `any` and
`not` join such conditions.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, assert_never

from pydantic import BeforeValidator, PlainSerializer

from shared.condition_size import check_size
from shared.conditions import AllOf, AnyOf, Comparison, Condition, Matches, Not
from shared.matching import MISSING, compile_comparison

_JOINS = ("all", "any", "not")


def _read(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    if len(written) == 1:
        ((name, parts),) = written.items()
        if name in {"all", "any"} and isinstance(parts, list):
            return {name: [_read(part) for part in parts]}
        if name == "not":
            return {name: _read(parts)}
    joins = [name for name in _JOINS if name in written]
    if joins:
        raise ValueError(f"{joins[0]} stands alone, with a list of conditions")
    return {"where": dict(written)}


def _write(condition: Condition) -> Any:
    match condition:
        case Matches(where=where):
            return {
                trait: test.model_dump(mode="json", by_alias=True, exclude_unset=True)
                for trait, test in where.items()
            }
        case AllOf(all=parts):
            return {"all": [_write(part) for part in parts]}
        case AnyOf(any=parts):
            return {"any": [_write(part) for part in parts]}
        case Not(not_=part):
            return {"not": _write(part)}
        case _:
            assert_never(condition)


TraitCondition: TypeAlias = Annotated[
    Condition, BeforeValidator(_read), BeforeValidator(check_size), PlainSerializer(_write)
]

Traits: TypeAlias = Mapping[str, Any]
TraitTest: TypeAlias = Callable[[Traits], bool]
Compare: TypeAlias = Callable[[str, Comparison], Callable[[Any], bool]]


def _as_written(_trait: str, test: Comparison) -> Callable[[Any], bool]:
    return compile_comparison(test)


def compile_traits(condition: Condition, compare: Compare = _as_written) -> TraitTest:
    """Return the condition as a function of traits; a trait that is not known is missing.

    `compare` makes the test of a trait's value.
    """
    match condition:
        case Matches(where=where):
            tests = [(trait, compare(trait, test)) for trait, test in where.items()]
            return lambda traits: all(holds(traits.get(trait, MISSING)) for trait, holds in tests)
        case AllOf(all=parts):
            each = [compile_traits(part, compare) for part in parts]
            return lambda traits: all(holds(traits) for holds in each)
        case AnyOf(any=parts):
            each = [compile_traits(part, compare) for part in parts]
            return lambda traits: any(holds(traits) for holds in each)
        case Not(not_=part):
            inner = compile_traits(part, compare)
            return lambda traits: not inner(traits)
        case _:
            assert_never(condition)
