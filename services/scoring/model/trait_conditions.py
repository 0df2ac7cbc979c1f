"""Conditions on traits: the same union as for interactions, written with the traits themselves as keys.

`{title: {matches_any: [vp, chief]}}` asks of one trait, several keys ask of all of them, and `all`, `any` and
`not` join such conditions.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, assert_never

from pydantic import BeforeValidator, PlainSerializer

from services.scoring.model.joining import JOINS
from shared.condition_size import check_size
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not
from shared.matching import MISSING, compile_comparison


def _read(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    if not any(name in written for name in JOINS):
        return {"where": dict(written)}
    # What stands beside a join is left for its model to refuse, at its own place.
    return {name: _read_below(below) if name in JOINS else below for name, below in written.items()}


def _read_below(written: Any) -> Any:
    return [_read(part) for part in written] if isinstance(written, list) else _read(written)


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


def compile_traits(condition: Condition) -> TraitTest:
    """Return the condition as a function of traits; a trait that is not known is missing."""
    match condition:
        case Matches(where=where):
            tests = [(trait, compile_comparison(test)) for trait, test in where.items()]
            return lambda traits: all(holds(traits.get(trait, MISSING)) for trait, holds in tests)
        case AllOf(all=parts):
            each = [compile_traits(part) for part in parts]
            return lambda traits: all(holds(traits) for holds in each)
        case AnyOf(any=parts):
            each = [compile_traits(part) for part in parts]
            return lambda traits: any(holds(traits) for holds in each)
        case Not(not_=part):
            inner = compile_traits(part)
            return lambda traits: not inner(traits)
        case _:
            assert_never(condition)
