"""What pydantic finds wrong with an input, in plain words that follow the name of the field."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final, TypeGuard

from shared.names import MAX_NAME_LENGTH, SLUG_PATTERN

_INSTANT: Final = "must be a date or an instant, such as 2026-03-14 or 2026-03-14T12:00:00Z"
_DATE: Final = "must be a date, such as 2026-03-14"
_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "string_unicode": "must be a text of Unicode",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": "must have a time zone, such as Z or +01:00",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "invalid_key": "must be a text",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} of them, not {actual_length}",
    "too_long": "must have at most {max_length} of them",
    "string_too_short": "must have at least {min_length} character",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be {expected}",
    "extra_forbidden": "is not known",
    "recursion_depth_exceeded": "is nested too deep",
}
# A longer list of names is hard to read, and comparing with very many takes a while.
_MAX_NAMES_LISTED: Final = 20
_MAX_NAMES_COMPARED: Final = 2_000
NO_SLUG: Final = "must be 1 to 64 of a-z, 0-9 and _, starting with a letter"


def is_slug(value: Any) -> TypeGuard[str]:
    """Return whether a value of JSON is a slug, such as the id of a rule."""
    return isinstance(value, str) and re.fullmatch(SLUG_PATTERN[1:-1], value, re.ASCII) is not None


def in_words(kind: str, context: Mapping[str, Any]) -> str | None:
    """Return what is wrong, given the kind of error and its context; None for a kind without words here."""
    if kind == "string_pattern_mismatch" and context.get("pattern") == SLUG_PATTERN:
        return NO_SLUG
    words = _WORDS.get(kind)
    return words and words.format_map({name: _shown(value) for name, value in context.items()})


def unknown(written: str, known: Iterable[str]) -> str:
    """Return what to say about an unknown name: the name that is probably meant, or else all known names."""
    names = list(known)
    if near := suggestion(written, names):
        return f"is not known; did you mean `{near}`?"
    if not names:
        return "is not known; no name is allowed here"
    more = len(names) - _MAX_NAMES_LISTED
    listed = ", ".join(names[:_MAX_NAMES_LISTED])
    return f"is not known; known are {listed}{f' and {more:,} more' if more > 0 else ''}"


def suggestion(written: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word that a misspelt word most likely means, None when no word is near.

    `cutoff` is the part of the letters (0 to 1) that the two words have to have in common.
    """
    # The time of a comparison grows with the square of the length.
    if len(written) > MAX_NAME_LENGTH:
        return None
    compared = list(islice(known, _MAX_NAMES_COMPARED))
    return next(iter(get_close_matches(written, compared, n=1, cutoff=cutoff)), None)


def among(written: Any, expected: str) -> str:
    """Return the hint for a wrong value, given the quoted words that were allowed: the word that is meant."""
    near = suggestion(written, re.findall("'([^']*)'", expected)) if isinstance(written, str) else None
    return f"; did you mean `{near}`?" if near else ""


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
