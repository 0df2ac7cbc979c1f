"""Whether a test asks for presence or absence, and what it asks of a present value."""

from typing import Any

from shared.comparison import Comparison, operators
from shared.known import MISSING
from shared.matching import compile_comparison
from shared.operators.operator import Operator


def needs_something(comparison: Comparison) -> bool:
    """Return whether a missing value fails the test; otherwise the test asks for a missing value."""
    return not compile_comparison(comparison)(MISSING)


def of_value(comparison: Comparison) -> list[tuple[Operator, Any]]:
    """Return the operators that test a present value, with their operands."""
    return [(operator, operand) for operator, operand in operators(comparison) if not operator.asks_presence]
