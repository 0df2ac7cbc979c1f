"""Cursors for keyset paging: the sort key of the last row shown, opaque to the caller."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

from shared.errors import Refused


def write_cursor(*key: str) -> str:
    """Return a cursor that continues after the row with this sort key."""
    return urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str, parts: int) -> tuple[str, ...]:
    """Return the sort key of `parts` strings in a cursor; raises Refused for what was never one."""
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        key = None
    if not isinstance(key, list) or len(key) != parts or not all(isinstance(part, str) for part in key):
        raise Refused("cursor_invalid", "Use a next_cursor of this list as it was given.", "cursor")
    return tuple(key)
