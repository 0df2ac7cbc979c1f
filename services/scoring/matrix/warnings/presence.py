"""Whether a test asks for presence or absence, and what it asks of a present value."""

from typing import Any

from shared.comparison import Comparison, operators
from shared.known import MISSING
from shared.matching import compile_comparison
from shared.operators.operator import Operator


def needs_something(asked: Comparison) -> bool:
    """Return whether a missing value fails the test; otherwise the test asks for a missing value."""
    return not compile_comparison(asked)(MISSING)


def of_value(asked: Comparison) -> list[tuple[Operator, Any]]:
    """Return the operators that test a present value, with their operands."""
    return [(operator, operand) for operator, operand in operators(asked) if not operator.asks_presence]
