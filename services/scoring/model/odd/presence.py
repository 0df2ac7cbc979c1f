"""Whether a test asks that there is something or nothing, and what it asks of what is there."""

from collections.abc import Iterator
from typing import Any

from shared.comparison import Comparison

_OF_PRESENCE = frozenset({"exists", "missing"})


def operators(asked: Comparison) -> Iterator[tuple[str, Any]]:
    """Yield (operator as people write it, operand) of a test."""
    for name in type(asked).model_fields:
        if name in asked.model_fields_set:
            yield name.rstrip("_"), getattr(asked, name)


def needs_something(asked: Comparison) -> bool:
    """Return whether nothing there fails the test; otherwise nothing there is what it asks for."""
    return any(
        name not in _OF_PRESENCE or operand == (name == "exists") for name, operand in operators(asked)
    )


def of_value(asked: Comparison) -> dict[str, Any]:
    """Return the operators that ask what there is, with their operands."""
    return {name: operand for name, operand in operators(asked) if name not in _OF_PRESENCE}
