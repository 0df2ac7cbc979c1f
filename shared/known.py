"""Whether a value is known: one definition for rules, hand-off and lists."""

from typing import Any, Final

MISSING: Final = object()
"""What a path leads to when nothing is known there: it is absent, null, blank or empty."""


def is_known(value: Any) -> bool:
    """Return whether a JSON value is known.

    Null, a blank text, and a list or object without a known value are not known.
    """
    kind = value.__class__
    if kind is str:
        return not is_blank(value)
    if kind is list or kind is dict:
        return _is_known_within(value)
    return value is not None


def is_blank(text: str) -> bool:
    """Return whether a text is blank: empty, or only spaces and invisible characters."""
    # Nearly every text begins with a visible character.
    return not (text and "!" <= text[0] <= "~") and not any(c.isprintable() and c != " " for c in text)


def _is_known_within(value: Any) -> bool:
    # Not recursive: the sender decides how deep the value is.
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)  # pyright: ignore[reportUnknownArgumentType] - JSON
        elif isinstance(item, dict):
            pending.extend(item.values())  # pyright: ignore[reportUnknownArgumentType] - JSON
        elif is_known(item):
            return True
    return False
