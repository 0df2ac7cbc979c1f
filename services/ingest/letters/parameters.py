"""What paths and queries about dead letters may carry, and their cursors."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Path, Query
from pydantic import AfterValidator

from services.ingest.letters.replay import Rest
from services.ingest.store.dead_letters import Place
from shared.cursor import read_cursor, write_cursor
from shared.dead_letters import ID_PATTERN, NAME_PATTERN
from shared.errors import Refused

DEFAULT_LIMIT: Final = 50

_LIST: Final = "dead letters"
_REPLAY: Final = "dead letters to replay"
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    """Return an instant in UTC; one without zone is meant so."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    # Within these every instant can be brought to UTC, whatever its zone.
    if not _EARLIEST <= aware <= _LATEST:
        raise ValueError("must lie in the years 1970 to 9000")
    return aware.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]
Since = Annotated[Instant | None, Query(description="Refused at this instant or later.")]
Until = Annotated[Instant | None, Query(description="Refused before this instant.")]
Name = Annotated[str | None, Query(pattern=NAME_PATTERN)]
Id = Annotated[str, Path(pattern=ID_PATTERN)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=1_000, description="The `next_cursor` of the page before.")]


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Raise Refused when a period ends before it begins."""
    if since is not None and until is not None and until < since:
        raise Refused("period_invalid", "`until` lies before `since`.", "until")


def list_cursor(last: Place) -> str:
    """Return the cursor of the page after this letter."""
    return write_cursor(_LIST, last.refused_at.isoformat(), last.id)


def place_in(cursor: str | None) -> Place | None:
    """Return the place that a list goes on at; raises Refused for what is no cursor of it."""
    return None if cursor is None else _place(*read_cursor(cursor, _LIST, 2))


def replay_cursor(rest: Rest) -> str:
    """Return the cursor of what is left of a replay."""
    return write_cursor(
        _REPLAY, *(part for place in rest for part in (place.refused_at.isoformat(), place.id))
    )


def rest_in(cursor: str | None) -> Rest | None:
    """Return what is left of a replay; raises Refused for what is no cursor of one."""
    if cursor is None:
        return None
    after_at, after_id, last_at, last_id = read_cursor(cursor, _REPLAY, 4)
    return Rest(_place(after_at, after_id), _place(last_at, last_id))


def _place(instant: str, letter_id: str) -> Place:
    try:
        at = datetime.fromisoformat(instant)
        if at.tzinfo is not None and re.match(ID_PATTERN, letter_id):
            return Place(at.astimezone(UTC), letter_id)
    except (ValueError, OverflowError):
        pass
    raise Refused("cursor_invalid", "Use the next_cursor of a page before, as it was given.", "cursor")
