"""Conditions that nothing can ever meet."""

from collections.abc import Iterator

from services.scoring.matrix.contradictions import contradiction
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import conditions, tests
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.conditions import possible_types


def never_met(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield conditions that ask for different types at once, and tests that no value meets."""
    for placed in conditions(matrix):
        if not placed.of_traits and possible_types(placed.condition) == frozenset():
            message = "no interaction can meet this: it asks for different types at once"
            yield MatrixWarning(placed.path, "never_met", message, placed.rule, unmet="surely")
        for test in tests(placed):
            reason = contradiction(test.comparison)
            if reason is not None:
                message = f"no value can meet this: {reason}"
                yield MatrixWarning(test.path, "never_met", message, placed.rule, unmet="surely")
