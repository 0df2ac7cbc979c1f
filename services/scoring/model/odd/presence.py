"""Whether a test asks that there is something or nothing, and what it asks of what is there."""

from typing import Any

from shared.comparison import Comparison, operators
from shared.known import MISSING
from shared.matching import compile_comparison
from shared.operators.operator import Operator


def needs_something(asked: Comparison) -> bool:
    """Return whether nothing there fails the test; otherwise nothing there is what it asks for."""
    return not compile_comparison(asked)(MISSING)


def of_value(asked: Comparison) -> list[tuple[Operator, Any]]:
    """Return the operators that ask what there is, with their operands."""
    return [(operator, operand) for operator, operand in operators(asked) if not operator.asks_presence]
