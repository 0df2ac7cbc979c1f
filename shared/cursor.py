"""Cursors for keyset paging: the list and the sort key of the last row shown, opaque to the caller."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from shared.errors import Refused


def write_cursor(of: str, *key: str) -> str:
    """Return a cursor that continues after the row with this sort key; `of` names the list and its order."""
    written = json.dumps([of, *key], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(cursor: str, of: str, parts: int) -> tuple[str, ...]:
    """Return the sort key of `parts` strings in a cursor of the list and order that `of` names.

    Raises Refused for what was never a cursor, and for one of another list or in another order.
    """
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or not key or not all(isinstance(part, str) for part in key):
        raise Refused("cursor_invalid", "Use the next_cursor of a page before, as it was given.", "cursor")
    if key[0] != of or len(key) != 1 + parts:
        raise Refused(
            "cursor_invalid",
            f"This cursor is of another list or order than `{of}`; leave it out to begin anew.",
            "cursor",
        )
    return tuple(key[1:])
