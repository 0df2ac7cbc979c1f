"""Operators that look into a text regardless of case and accents, where n and ñ are two letters.

`matches_any` finds any of several parts, in a text or in the elements of a list.
"""

from typing import Any, Final

from shared.folding import folded
from shared.operators.forms import only
from shared.operators.operands import Texts, listed
from shared.operators.operator import Operator, TextUse, ValueTest


def _matches_any(operand: list[str]) -> ValueTest:
    parts = [folded(part) for part in operand]

    def holds(value: Any) -> bool:
        if isinstance(value, list):
            return any(holds(element) for element in value)
        if not isinstance(value, str):
            return False
        text = folded(value)
        return any(part in text for part in parts)

    return holds


FOLDED_TEXTS: Final = (
    Operator(
        name="matches_any",
        operand=Texts,
        faults=None,
        words=lambda operand: f"has any of {listed(operand)}",
        compile=_matches_any,
        asks_presence=False,
        only_values=None,
        bounds=None,
        text=TextUse(from_start=False, to_end=False, has_wildcards=False, folds=True),
        mismatch=only("looks into texts and lists alone", "text", "list"),
        candidates=lambda operand: [*operand],
    ),
)
