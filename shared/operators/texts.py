"""Operators that look into a text, letter by letter: `contains`, `starts_with` and `glob`.

`contains` finds a part of a text or an element of a list; `glob` knows `*`, `?` and `[...]`.
"""

import re
from fnmatch import translate
from typing import Any, Final

from shared.operators.equality import are_equal
from shared.operators.forms import only, shown
from shared.operators.operands import Scalar, Text, in_words
from shared.operators.operator import JsonTypes, Mismatch, Operator, TextUse, ValueTest

_CLASS_OF_GLOB: Final = re.compile(r"\[(!?)(.)[^\]]*\]")
_ANY_LETTER: Final = "e"
_TEXTS_ALONE: Final = only("looks into texts alone", "text")
_TEXTS_AND_LISTS: Final = only("looks into texts and lists alone", "text", "list")


def _contains(operand: Any) -> ValueTest:
    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and any(are_equal(element, operand) for element in value)

    return holds


def _contains_mismatch(operand: str | float, forms: JsonTypes) -> Mismatch | None:
    if "text" in forms and "list" not in forms and not isinstance(operand, str):
        why = f"asks for {shown(operand)} in it; in a text, only texts are found"
        return Mismatch(why, is_of_all=True)
    return _TEXTS_AND_LISTS(operand, forms)


def _glob(operand: str) -> ValueTest:
    matches = re.compile(translate(operand)).match
    return lambda value: isinstance(value, str) and matches(value) is not None


def _without_wildcards(glob: str) -> str:
    """Return a text that a pattern most likely matches."""
    of_class = _CLASS_OF_GLOB.sub(lambda found: _ANY_LETTER if found[1] else found[2], glob)
    return of_class.replace("*", "").replace("?", _ANY_LETTER)


TEXTS: Final = (
    Operator(
        name="contains",
        operand=Scalar,
        faults=None,
        words=lambda operand: f"contains {in_words(operand)}",
        compile=_contains,
        asks_presence=False,
        only_values=None,
        bounds=None,
        text=TextUse(from_start=False, to_end=False, has_wildcards=False, folds=False),
        mismatch=_contains_mismatch,
        candidates=lambda operand: [operand, [operand]],
    ),
    Operator(
        name="starts_with",
        operand=Text,
        faults=None,
        words=lambda operand: f"starts with {in_words(operand)}",
        compile=lambda operand: lambda value: isinstance(value, str) and value.startswith(operand),
        asks_presence=False,
        only_values=None,
        bounds=None,
        text=TextUse(from_start=True, to_end=False, has_wildcards=False, folds=False),
        mismatch=_TEXTS_ALONE,
        candidates=lambda operand: [operand],
    ),
    Operator(
        name="glob",
        operand=Text,
        faults=None,
        words=lambda operand: f"looks like {in_words(operand)}",
        compile=_glob,
        asks_presence=False,
        only_values=None,
        bounds=None,
        text=TextUse(from_start=True, to_end=True, has_wildcards=True, folds=False),
        mismatch=_TEXTS_ALONE,
        candidates=lambda operand: [_without_wildcards(operand)],
    ),
)
