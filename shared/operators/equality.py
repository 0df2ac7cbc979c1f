"""Operators that a value meets by being equal to the operand: `eq` and `in`."""

from collections.abc import Sequence
from typing import Any, Final

from shared.operators.forms import form_of, shown
from shared.operators.operands import Scalar, Scalars, in_words, listed
from shared.operators.operator import JsonTypes, Mismatch, Operator, TextUse


def are_equal(left: Any, right: Any) -> bool:
    """Return whether two values of JSON are equal."""
    # In Python True == 1; in JSON they are different values.
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _mismatch(operands: Sequence[str | float], forms: JsonTypes) -> Mismatch | None:
    mismatched = [operand for operand in operands if form_of(operand) not in forms]
    if not mismatched:
        return None
    return Mismatch(_not_equal(mismatched[0], forms), is_of_all=len(mismatched) == len(operands))


def _not_equal(operand: str | float, forms: JsonTypes) -> str:
    why = f"asks for {shown(operand)}"
    if "list" in forms and forms <= {"list", "object"}:
        return f"{why}; what is in a list is found by `contains`"
    if "text" in forms and not isinstance(operand, str):
        return f'{why}; write "{shown(operand)}"'
    if isinstance(operand, str) and (unquoted := _unquoted(operand, forms)):
        return f"{why}; write {unquoted}"
    return why


def _unquoted(operand: str, forms: JsonTypes) -> str | None:
    text = operand.strip().lower()
    if "boolean" in forms and text in {"true", "false"}:
        return text
    if "number" in forms and text.replace(".", "", 1).removeprefix("-").isdecimal() and text.isascii():
        return text[:20]
    return None


_WHOLE: Final = TextUse(from_start=True, to_end=True, has_wildcards=False, folds=False)

EQUALITY: Final = (
    Operator(
        name="eq",
        operand=Scalar,
        faults=None,
        words=lambda operand: f"is {in_words(operand)}",
        compile=lambda operand: lambda value: are_equal(value, operand),
        asks_presence=False,
        only_values=lambda operand: [operand],
        bounds=None,
        text=_WHOLE,
        mismatch=lambda operand, forms: _mismatch([operand], forms),
        candidates=lambda operand: [operand],
    ),
    Operator(
        name="in",
        operand=Scalars,
        faults=None,
        words=lambda operand: f"is one of {listed(operand)}",
        compile=lambda operand: lambda value: any(are_equal(value, element) for element in operand),
        asks_presence=False,
        only_values=lambda operand: operand,
        bounds=None,
        text=_WHOLE,
        mismatch=_mismatch,
        candidates=lambda operand: [*operand],
    ),
)
