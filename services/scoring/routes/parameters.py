"""What the routes of scoring take in paths and queries."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Path, Query

ModelName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ProfileId = Annotated[str, Path(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=200)]
At = datetime | date | None


def instant(at: At) -> datetime | None:
    """Return `at` as an aware instant: a date alone is the end of that day, a time without zone is UTC."""
    if at is None:
        return None
    if not isinstance(at, datetime):
        return datetime.combine(at, time.max, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
