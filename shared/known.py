"""What is known: the one answer to whether a value tells anything, for rules, hand-off and lists alike."""

from typing import Any, Final

MISSING: Final = object()
"""What a path leads to when nothing is known there: it is absent, null, blank or empty."""


def is_known(value: Any) -> bool:
    """Tell whether a JSON value tells anything.

    Null, a text without anything to read, and a list or object in which nothing is known tell nothing.
    """
    kind = value.__class__
    if kind is str:
        return not is_blank(value)
    if kind is list or kind is dict:
        return _is_known_within(value)
    return value is not None


def is_blank(text: str) -> bool:
    """Tell whether a text has nothing to read: spaces and invisible characters alone."""
    # Nearly every text begins with a character that shows.
    return not (text and "!" <= text[0] <= "~") and not any(c.isprintable() and c != " " for c in text)


def _is_known_within(value: Any) -> bool:
    # Not recursive: who sends it decides how deep it is.
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(one)  # pyright: ignore[reportUnknownArgumentType] - JSON
        elif isinstance(one, dict):
            left.extend(one.values())  # pyright: ignore[reportUnknownArgumentType] - JSON
        elif is_known(one):
            return True
    return False
