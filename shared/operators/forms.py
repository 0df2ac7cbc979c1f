"""Forms of values in JSON: which of them an operator can meet, and how an operand reads in a warning."""

from collections.abc import Callable
from typing import Any, Final

from shared.operators.operator import JsonTypes, Mismatch

# A whole number of JSON may be too large for a float, and then it cannot be formatted as one.
_LARGE: Final = 1e300
_MAX_SHOWN: Final = 60


def only(why: str, *forms: str) -> Callable[[Any, JsonTypes], Mismatch | None]:
    """Return the `mismatch` of an operator that values of these forms alone can meet."""
    can_meet, mismatch = frozenset(forms), Mismatch(why, is_of_all=True)
    return lambda _operand, came: None if can_meet & came else mismatch


def any_form(_operand: Any, _came: JsonTypes) -> None:
    """Return None: values of every form can meet the operator."""
    return


def form_of(operand: str | float) -> str:
    """Return the form of a text, number or truth."""
    if isinstance(operand, bool):
        return "boolean"
    return "text" if isinstance(operand, str) else "number"


def shown(operand: str | float) -> str:
    """Return a text, number or truth with its form."""
    match operand:
        case bool():
            return str(operand).lower()
        case str():
            return f'the text "{operand[:_MAX_SHOWN]}"'
        case _:
            return f"{operand:.10g}" if abs(operand) < _LARGE else "a number"
