"""The size limit of a condition, checked on the JSON before any part of it is read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MAX_NODES: Final = 100
MAX_DEPTH: Final = 8

_JOINS: Final = ("all", "any", "not")


def check_size(written: Any) -> Any:
    """Return the JSON unchanged; raises ValueError when the condition is too large for every interaction."""
    nodes = 0
    level = [written]
    for _ in range(MAX_DEPTH):
        nodes += len(level)
        if nodes > MAX_NODES:
            raise ValueError(f"a condition has at most {MAX_NODES} parts")
        level = [part for condition in level for part in _parts(condition)]
    if level:
        raise ValueError(f"a condition is at most {MAX_DEPTH} levels deep")
    return written


def _parts(written: Any) -> Iterator[Any]:
    """Yield the conditions directly below a condition; a value that is not an object has none."""
    if not isinstance(written, Mapping):
        return
    for name in _JOINS:
        below = written.get(name)
        if isinstance(below, list):
            yield from below
        elif below is not None:
            yield below
