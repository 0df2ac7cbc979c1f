"""What paths and queries about dead letters take, and the cursors of their lists."""

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path, Query

from services.ingest.dead_letters.replay import Rest
from services.ingest.store.dead_letters import LetterKey
from shared.errors import Refused
from shared.following.dead_letters import NAME_PATTERN
from shared.names import ID_PATTERN
from shared.web.cursor import Keyset, moment
from shared.web.lists import Instant

Since = Annotated[Instant | None, Query(description="Refused at this instant or later.")]
Until = Annotated[Instant | None, Query(description="Refused before this instant.")]
Name = Annotated[str | None, Query(pattern=NAME_PATTERN)]
Id = Annotated[str, Path(pattern=ID_PATTERN)]


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Raise Refused when a period ends before it begins."""
    if since is not None and until is not None and until < since:
        raise Refused("period_invalid", "`until` is before `since`.", "until")


def _letter_id(part: str) -> str:
    if re.match(ID_PATTERN, part) is None:
        raise ValueError(part)
    return part


LETTERS: Final = Keyset("dead letters", moment, _letter_id)
_TO_REPLAY: Final = Keyset("dead letters to replay", moment, _letter_id, moment, _letter_id)


def replay_cursor(rest: Rest) -> str:
    """Return the cursor of the rest of a replay."""
    return _TO_REPLAY.write(*rest.after, *rest.last)


def rest_in(cursor: str | None) -> Rest | None:
    """Return the rest of a replay; raises Refused for anything but a cursor of a replay."""
    key = _TO_REPLAY.read(cursor)
    return Rest(LetterKey(*key[:2]), LetterKey(*key[2:])) if key else None
