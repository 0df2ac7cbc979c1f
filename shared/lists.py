"""Lists, page by page: what a query may ask for, where a page begins, and the page as JSON or as CSV."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.csv_answer import DESCRIPTION, csv_answer, wants_csv
from shared.cursor import read_cursor
from shared.errors import Refused

T = TypeVar("T", bound=BaseModel)

DEFAULT_LIMIT: Final = 50

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
# The longest key is a company's name of 200 characters, of up to 4 bytes each.
Cursor = Annotated[str | None, Query(max_length=1_300, description="The `next_cursor` of the page before.")]


def as_list(answers: Mapping[int, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return what a route that answers with `paged` adds to its declaration, beside its other answers."""
    return {"response_model_exclude_unset": True, "responses": DESCRIPTION | dict(answers or {})}


# Within these every instant can be brought to UTC, whatever its zone, and be compared by every database.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
# Sums of scores are compared as decimals with so many digits before the point.
_MAX_SUM: Final = 1e14
_MAX_WHOLE: Final = 2**31


def _in_utc(at: datetime) -> datetime:
    """Return an instant in UTC; one without zone is meant so."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST <= aware <= _LATEST:
        raise ValueError("must lie in the years 1970 to 9000")
    return aware.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant in UTC; one without zone is meant so, and a date alone is the beginning of that day."""


class Page(BaseModel, Generic[T]):
    """Some of many; `next_cursor` is there when there are more."""

    items: list[T]
    next_cursor: str | None = None


def paged(
    request: Request,
    shape: type[T],
    items: Sequence[T],
    next_cursor: str | None,
    columns: Sequence[str] | None = None,
) -> Page[T] | Response:
    """Return a page as the caller prefers it; in CSV it has these columns, or all fields of the shape."""
    if wants_csv(request):
        rows = [item.model_dump(mode="json") for item in items]
        return csv_answer(request, columns or tuple(shape.model_fields), rows, next_cursor)
    if next_cursor is None:
        return Page[T](items=list(items))
    return Page[T](items=list(items), next_cursor=next_cursor)


def place(cursor: str | None, of: str, *parts: Callable[[str], Any]) -> tuple[Any, ...]:
    """Return the sort key in a cursor, each part read as it was written; none without a cursor.

    `of` names the list and its order. Raises Refused for a cursor of another list or order.
    """
    if cursor is None:
        return ()
    key = read_cursor(cursor, of, len(parts))
    try:
        return tuple(read(part) for read, part in zip(parts, key, strict=True))
    except (ValueError, OverflowError) as error:
        raise Refused(
            "cursor_invalid", "Use the next_cursor of a page before, as it was given.", "cursor"
        ) from error


def text(part: str) -> str:
    """Read a part of a cursor that is a text; raises ValueError for what no database keeps."""
    part.encode()
    if "\0" in part:
        raise ValueError("no text here can have a NUL")
    return part


def number(part: str) -> float:
    """Read a part of a cursor that is a score or a sum of scores."""
    told = float(part)
    if not abs(told) < _MAX_SUM:
        raise ValueError(part)
    return told


def whole(part: str) -> int:
    """Read a part of a cursor that is a whole number of 32 bits."""
    told = int(part)
    if not 0 <= told < _MAX_WHOLE:
        raise ValueError(part)
    return told


def moment(part: str) -> datetime:
    """Read a part of a cursor that is an instant with its zone."""
    at = datetime.fromisoformat(part)
    if at.tzinfo is None:
        raise ValueError(part)
    return at.astimezone(UTC)
