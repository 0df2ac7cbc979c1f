"""Tests that no value can pass, because two of their operators contradict each other."""

from typing import Any, TypeAlias

from shared.comparison import Comparison, operators
from shared.known import MISSING
from shared.matching import compile_comparison
from shared.operators.operator import Operator

_Operation: TypeAlias = tuple[Operator, Any]
"""An operator and its operand."""


def contradiction(test: Comparison) -> str | None:
    """Return which operators of a test no value can meet together, None when there are none.

    It checks only presence, numbers, and operators that name the exact values.
    """
    return _of_presence(test) or _of_range(test) or _of_values(test)


def _of_presence(test: Comparison) -> str | None:
    absent: list[_Operation] = []
    present: list[_Operation] = []
    for operator, operand in operators(test):
        (absent if operator.compile(operand)(MISSING) else present).append((operator, operand))
    if not absent or not present:
        return None
    return f"{_shown(absent[0])} asks for nothing there, {_shown(present[0])} for something"


def _of_range(test: Comparison) -> str | None:
    bounded = [
        (operator.bounds(operand), (operator, operand))
        for operator, operand in operators(test)
        if operator.bounds is not None
    ]
    for above, lower in bounded:
        for below, upper in bounded:
            if above.lower is None or below.upper is None:
                continue
            are_included = above.are_included and below.are_included
            if above.lower > below.upper or (above.lower == below.upper and not are_included):
                return f"no number is {_shown(lower)} and {_shown(upper)}"
    return None


def _of_values(test: Comparison) -> str | None:
    if len(test.model_fields_set) == 1:
        return None
    holds = compile_comparison(test)
    for operator, operand in operators(test):
        if operator.only_values is not None:
            if any(map(holds, operator.only_values(operand))):
                return None
            return f"no value of `{operator.name}` meets the other operators"
    return None


def _shown(operation: _Operation) -> str:
    operator, operand = operation
    match operand:
        case bool():
            return f"{operator.name} {str(operand).lower()}"
        case int() | float():
            return f"{operator.name} {operand:.10g}"
        case tuple():
            return f"{operator.name} {' and '.join(f'{bound:.10g}' for bound in operand)}"
        case _:
            return operator.name
