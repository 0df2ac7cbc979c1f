"""Cursors for keyset paging: the list and the sort key of the last row shown, opaque to the caller."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from shared.errors import Refused

# The longest key is a company's name of 200 characters, of up to 4 bytes each.
MAX_LENGTH: Final = 1_300
# Sums of scores are compared as decimals with this many digits before the point.
_MAX_SUM: Final = 1e14
_MAX_WHOLE: Final = 2**31

# A flat list of texts: nested JSON is refused at its second bracket, however deep it is.
_decoder: Final = msgspec.json.Decoder(list[str])


class Keyset:
    """A list in one order: its name, and how each part of a sort key is read back from a cursor.

    `write` takes the key of the last row shown; `read` returns the key, its parts as the readers return them.
    """

    def __init__(self, name: str, *parts: Callable[[str], Any]) -> None:
        self._name = name
        self._parts = parts

    def write(self, *key: str | float | datetime) -> str:
        """Return the cursor of the rows that follow the row with this sort key."""
        parts = (part.isoformat() if isinstance(part, datetime) else str(part) for part in key)
        return urlsafe_b64encode(msgspec.json.encode([self._name, *parts])).decode().rstrip("=")

    def read(self, cursor: str | None) -> tuple[Any, ...]:
        """Return the sort key in a cursor; without a cursor it is empty.

        Raises Refused unless it is a cursor of this list in this order.
        """
        if cursor is None:
            return ()
        try:
            return self._key(cursor)
        except (ValueError, OverflowError, msgspec.MsgspecError) as error:
            raise Refused(
                "cursor_invalid",
                f"This is not a cursor of the list `{self._name}`. Use the `next_cursor` of the previous "
                f"page unchanged, or leave the cursor out for the first page.",
                "cursor",
            ) from error

    def _key(self, cursor: str) -> tuple[Any, ...]:
        if len(cursor) > MAX_LENGTH:
            raise ValueError(len(cursor))
        name, *key = _decoder.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if name != self._name:
            raise ValueError(name)
        return tuple(read(part) for read, part in zip(self._parts, key, strict=True))


def text(part: str) -> str:
    """Return a part that is a text; raises ValueError for a text that databases cannot store."""
    part.encode()
    if "\0" in part:
        raise ValueError("a text must not have a NUL")
    return part


def number(part: str) -> float:
    """Return a part that is a score or a sum of scores; raises ValueError."""
    value = float(part)
    if not abs(value) < _MAX_SUM:
        raise ValueError(part)
    return value


def whole(part: str) -> int:
    """Return a part that is a whole number from 0 to 2^31 - 1; raises ValueError."""
    value = int(part)
    if not 0 <= value < _MAX_WHOLE:
        raise ValueError(part)
    return value


def moment(part: str) -> datetime:
    """Return a part that is an instant with its zone, in UTC; raises ValueError or OverflowError."""
    at = datetime.fromisoformat(part)
    if at.tzinfo is None:
        raise ValueError(part)
    return at.astimezone(UTC)
