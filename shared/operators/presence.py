"""Operators that ask whether there is a value: `exists` and `missing`."""

from typing import Final

from shared.known import MISSING
from shared.operators.forms import any_form
from shared.operators.operands import Truth
from shared.operators.operator import Operator

PRESENCE: Final = (
    Operator(
        name="exists",
        operand=Truth,
        faults=None,
        words=lambda operand: "is known" if operand else "is not known",
        compile=lambda operand: lambda value: (value is not MISSING) == operand,
        asks_presence=True,
        only_values=None,
        bounds=None,
        text=None,
        mismatch=any_form,
        candidates=lambda _operand: [],
    ),
    Operator(
        name="missing",
        operand=Truth,
        faults=None,
        words=lambda operand: "is not known" if operand else "is known",
        compile=lambda operand: lambda value: (value is MISSING) == operand,
        asks_presence=True,
        only_values=None,
        bounds=None,
        text=None,
        mismatch=any_form,
        candidates=lambda _operand: [],
    ),
)
