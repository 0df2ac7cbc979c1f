"""What paths and queries may carry; nothing of it reaches the database unchecked."""

import base64
import json
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query

from shared.errors import Refused

ID_PATTERN = r"^[A-Za-z0-9_.:-]{1,128}$"

Id = Annotated[str, Path(pattern=ID_PATTERN)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="The `next_cursor` of the page before.")]
Model = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]

DEFAULT_LIMIT = 50


def cursor_after(*key: str) -> str:
    """Return an opaque cursor for the page that follows the row with this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def id_in(cursor: str | None) -> str | None:
    """Read a cursor over ids; raises Refused when it is none of ours."""
    return None if cursor is None else _key(cursor, 1)[0]


def instant_and_id_in(cursor: str | None) -> tuple[datetime, str] | None:
    """Read a cursor over instants and ids; raises Refused when it is none of ours."""
    if cursor is None:
        return None
    instant, row_id = _key(cursor, 2)
    try:
        at = datetime.fromisoformat(instant)
        at.astimezone()
    except (ValueError, OverflowError) as error:
        raise _refused() from error
    if at.tzinfo is None:
        raise _refused()
    return at, row_id


def _key(cursor: str, parts: int) -> list[str]:
    try:
        key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _refused() from error
    if (
        not isinstance(key, list)
        or len(key) != parts
        or not all(isinstance(part, str) and part.isprintable() for part in key)
    ):
        raise _refused()
    return key


def _refused() -> Refused:
    return Refused("cursor_invalid", "Use the `next_cursor` of an answer as it came.", "cursor")
