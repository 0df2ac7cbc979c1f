"""Conditions on traits: the same union as for interactions, written with the traits themselves as keys.

`{title: {matches_any: [vp, chief]}}` asks for one trait, several keys ask for all of them, and `all`, `any`
and `not` join such conditions. A trait may have any of its names, or be a path into a trait: `company.name`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, assert_never

from pydantic import BeforeValidator, PlainSerializer

from services.scoring.matrix.joining import JOINS
from shared.comparison import Comparison
from shared.condition_size import check_size
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not
from shared.known import MISSING
from shared.known_traits import canonical, reader
from shared.matching import compile_comparison


def _read(written: Any) -> Any:
    if not isinstance(written, Mapping):
        return written
    if not any(name in written for name in JOINS):
        return {"where": dict(written)}
    # A key beside a join stays, so that the model of the join refuses it at its own path.
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
Compare: TypeAlias = Callable[[str, Comparison], Callable[[Any], bool]]


def _as_written(_trait: str, test: Comparison) -> Callable[[Any], bool]:
    return compile_comparison(test)


def compile_traits(condition: Condition, compare: Compare = _as_written) -> TraitTest:
    """Return the condition as a function of traits under our names; an unknown trait is missing.

    `compare` makes the test for a trait's value.
    """
    match condition:
        case Matches(where=where):
            each = [_compile_test(trait, compare(trait, test)) for trait, test in where.items()]
            return each[0] if len(each) == 1 else lambda traits: all(holds(traits) for holds in each)
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


def _compile_test(trait: str, holds: Callable[[Any], bool]) -> TraitTest:
    read = reader(trait)

    def is_met(traits: Traits) -> bool:
        value = read(traits)
        return holds(MISSING if value is None else value)

    return is_met


def in_our_names(condition: Condition) -> Condition:
    """Return the same condition with traits under our names."""
    match condition:
        case Matches(where=where):
            ours = {canonical(trait): test for trait, test in where.items()}
            if len(ours) == len(where):
                return Matches(where=ours)
            return AllOf(all=[Matches(where={canonical(trait): test}) for trait, test in where.items()])
        case AllOf(all=parts):
            return AllOf(all=[in_our_names(part) for part in parts])
        case AnyOf(any=parts):
            return AnyOf(any=[in_our_names(part) for part in parts])
        case Not(not_=part):
            return Not.model_validate({"not": in_our_names(part)})
        case _:
            assert_never(condition)
