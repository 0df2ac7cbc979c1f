"""Makes data from senders fit: a webhook's body should stay below 20 kB (Standard Webhooks)."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

# The part of the 20 kB that the envelope leaves for `data`.
MAX_DATA_BYTES = 19_700
MAX_FIELD_BYTES = 200
MAX_TRAIT_CHARACTERS = 500
ELLIPSIS = "…"


def size(value: Any) -> int:
    """Return how many bytes the value takes as JSON."""
    return len(msgspec.json.encode(value))


def clipped(text: str) -> str:
    """Return the text on one line without control characters, cut to 200 bytes."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * MAX_FIELD_BYTES]).split())
    return line.encode()[:MAX_FIELD_BYTES].decode(errors="ignore")


def within(items: Iterable[T], budget: int) -> list[T]:
    """Return the first items that together take at most `budget` bytes as JSON."""
    fitting: list[T] = []
    for item in items:
        budget -= size(item) + 1
        if budget < 0:
            break
        fitting.append(item)
    return fitting


def traits_within(traits: Mapping[str, Any], budget: int) -> dict[str, Any]:
    """Cut long texts, then leave out the largest traits until the rest takes at most `budget` bytes."""
    shortened = {name: _shortened(value) for name, value in traits.items()}
    smallest_first = sorted(shortened.items(), key=lambda item: (size(item), item[0]))
    fitting = {name for name, _ in within(smallest_first, budget)}
    return {name: value for name, value in shortened.items() if name in fitting}


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TRAIT_CHARACTERS:
        return value[:MAX_TRAIT_CHARACTERS] + ELLIPSIS
    return value
