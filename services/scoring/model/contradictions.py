"""Tests that no value can pass, because two of their operators contradict each other."""

from typing import Final

from shared.comparison import Comparison
from shared.matching import compile_comparison

_LOWER: Final = ("gt", "gte", "between")
_UPPER: Final = ("lt", "lte", "between")


def contradiction(test: Comparison) -> str | None:
    """Say which operators of a test no value meets together, None when there are no such.

    Only what is asked of presence, of numbers and beside the very values is looked into.
    """
    return _of_presence(test) or _of_range(test) or _of_values(test)


def _of_presence(test: Comparison) -> str | None:
    absent = [name for name, value in (("exists", False), ("missing", True)) if getattr(test, name) is value]
    fields = [name for name in type(test).model_fields if name in test.model_fields_set]
    present = [name for name in fields if name not in absent]
    if not absent or not present:
        return None
    return f"{_told(test, absent[0])} asks for nothing there, {_told(test, present[0])} for something"


def _of_range(test: Comparison) -> str | None:
    lower = [(_bound(test, name, 0), name) for name in _LOWER if name in test.model_fields_set]
    upper = [(_bound(test, name, 1), name) for name in _UPPER if name in test.model_fields_set]
    for low, above in lower:
        for high, below in upper:
            if low > high or (low == high and (above == "gt" or below == "lt")):
                return f"no number is {_told(test, above)} and {_told(test, below)}"
    return None


def _of_values(test: Comparison) -> str | None:
    named = [name for name in ("eq", "in_") if name in test.model_fields_set]
    if not named or len(test.model_fields_set) == 1:
        return None
    operand = getattr(test, named[0])
    holds = compile_comparison(test)
    if any(map(holds, operand if isinstance(operand, list) else [operand])):
        return None
    return f"no value of `{named[0].rstrip('_')}` is what is asked beside it"


def _bound(test: Comparison, name: str, side: int) -> float:
    operand: float | tuple[float, float] = getattr(test, name)
    return operand[side] if isinstance(operand, tuple) else operand


def _told(test: Comparison, name: str) -> str:
    operand = getattr(test, name)
    match operand:
        case bool():
            return f"{name} {str(operand).lower()}"
        case int() | float():
            return f"{name} {operand:.10g}"
        case tuple():
            return f"{name} {' and '.join(f'{one:.10g}' for one in operand)}"
        case _:
            return name.rstrip("_")
