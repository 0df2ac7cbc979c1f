"""What paths and queries about dead letters may carry, and their cursors."""

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path, Query

from services.ingest.letters.replay import Rest
from services.ingest.store.dead_letters import Place
from shared.cursor import write_cursor
from shared.dead_letters import ID_PATTERN, NAME_PATTERN
from shared.errors import Refused
from shared.lists import Instant, moment, place

_LIST: Final = "dead letters"
_REPLAY: Final = "dead letters to replay"

Since = Annotated[Instant | None, Query(description="Refused at this instant or later.")]
Until = Annotated[Instant | None, Query(description="Refused before this instant.")]
Name = Annotated[str | None, Query(pattern=NAME_PATTERN)]
Id = Annotated[str, Path(pattern=ID_PATTERN)]


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Raise Refused when a period ends before it begins."""
    if since is not None and until is not None and until < since:
        raise Refused("period_invalid", "`until` lies before `since`.", "until")


def list_cursor(last: Place) -> str:
    """Return the cursor of the page after this letter."""
    return write_cursor(_LIST, last.refused_at.isoformat(), last.id)


def place_in(cursor: str | None) -> Place | None:
    """Return the place that a list goes on at; raises Refused for what is no cursor of it."""
    key = place(cursor, _LIST, moment, _letter_id)
    return Place(*key) if key else None


def replay_cursor(rest: Rest) -> str:
    """Return the cursor of what is left of a replay."""
    return write_cursor(
        _REPLAY, *(part for place in rest for part in (place.refused_at.isoformat(), place.id))
    )


def rest_in(cursor: str | None) -> Rest | None:
    """Return what is left of a replay; raises Refused for what is no cursor of one."""
    key = place(cursor, _REPLAY, moment, _letter_id, moment, _letter_id)
    return Rest(Place(*key[:2]), Place(*key[2:])) if key else None


def _letter_id(part: str) -> str:
    if re.match(ID_PATTERN, part) is None:
        raise ValueError(part)
    return part
