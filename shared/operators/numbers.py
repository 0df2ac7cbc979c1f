"""Operators that compare numbers: `gt`, `gte`, `lt`, `lte` and `between`."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from shared.operators.forms import only
from shared.operators.operands import Number, in_words
from shared.operators.operator import Bounds, Operator, ValueTest
from shared.strict import is_number

_NUMBERS: Final = frozenset({int, float})
_NUMBERS_ALONE: Final = only("compares numbers alone", "number")


def _is_number(value: Any) -> bool:
    # By exact type, as JSON has it: isinstance would take True for a number.
    return type(value) in _NUMBERS


def _misplaced_bounds(written: Any) -> Iterator[str]:
    match written:
        case [lower, upper] if is_number(lower) and is_number(upper) and lower > upper:
            yield "between takes the lower bound first"
        case _:
            return


def _of_one_bound(
    name: str, words: str, compile: Callable[[Any], ValueTest], bounds: Callable[[Any], Bounds]
) -> Operator:
    return Operator(
        name=name,
        operand=Number,
        faults=None,
        words=lambda operand: f"{words} {in_words(operand)}",
        compile=compile,
        asks_presence=False,
        only_values=None,
        bounds=bounds,
        text=None,
        mismatch=_NUMBERS_ALONE,
        candidates=lambda operand: [operand],
    )


NUMBERS: Final = (
    _of_one_bound(
        "gt",
        "is more than",
        lambda operand: lambda value: _is_number(value) and value > operand,
        lambda operand: Bounds(operand, None, are_included=False),
    ),
    _of_one_bound(
        "gte",
        "is at least",
        lambda operand: lambda value: _is_number(value) and value >= operand,
        lambda operand: Bounds(operand, None, are_included=True),
    ),
    _of_one_bound(
        "lt",
        "is less than",
        lambda operand: lambda value: _is_number(value) and value < operand,
        lambda operand: Bounds(None, operand, are_included=False),
    ),
    _of_one_bound(
        "lte",
        "is at most",
        lambda operand: lambda value: _is_number(value) and value <= operand,
        lambda operand: Bounds(None, operand, are_included=True),
    ),
    Operator(
        name="between",
        operand=tuple[Number, Number],
        faults=_misplaced_bounds,
        words=lambda operand: f"is between {in_words(operand[0])} and {in_words(operand[1])}",
        compile=lambda operand: lambda value: _is_number(value) and operand[0] <= value <= operand[1],
        asks_presence=False,
        only_values=None,
        bounds=lambda operand: Bounds(*operand, are_included=True),
        text=None,
        mismatch=_NUMBERS_ALONE,
        candidates=lambda operand: [*operand],
    ),
)
