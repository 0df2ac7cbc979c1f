"""Lists, page by page: what a caller may ask for, and the page as JSON or as CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, Field
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema
from starlette.requests import Request
from starlette.responses import Response

from shared.web.csv_answer import DESCRIPTION, csv_answer, wants_csv
from shared.web.cursor import MAX_LENGTH

T = TypeVar("T", bound=BaseModel)
Row = TypeVar("Row")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

# Within these every instant can be brought to UTC, whatever its zone, and be compared by every database.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    """Return an instant in UTC; an instant without a zone is read as UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST <= aware <= _LATEST:
        raise ValueError("must be in the years 1970 to 9000")
    return aware.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_in_utc)]
"""An instant in UTC; without a zone it is read as UTC, and a date alone is the beginning of that day."""

# The keyset refuses a cursor that is too long, like every other that it did not write.
_BOUNDED: Final[JsonDict] = {"maxLength": MAX_LENGTH}
RequestCursor = Annotated[str | SkipJsonSchema[None], Field(json_schema_extra=_BOUNDED)]
"""The cursor in a request, None when there is none."""
NextCursor = Annotated[str | SkipJsonSchema[None], Field(exclude_if=lambda cursor: cursor is None)]
"""The cursor of the next page; None on the last page, where the answer has no such field."""


class Page(BaseModel, Generic[T]):
    """A page of a list; the last page has no `next_cursor`."""

    items: list[T]
    next_cursor: NextCursor = None


@dataclass(frozen=True)
class PageRequest:
    """Which page of a list a caller asks for; the request says whether as JSON or CSV."""

    request: Request
    limit: int
    cursor: str | None

    @property
    def rows(self) -> int:
        """How many rows to read: the row beyond the page shows that there is a next page."""
        return self.limit + 1

    def split(
        self, rows: Sequence[Row], cursor_after: Callable[[Row], str]
    ) -> tuple[Sequence[Row], str | None]:
        """Return the rows of the page, and the cursor of the next page, None when this is the last."""
        shown = rows[: self.limit]
        return shown, cursor_after(shown[-1]) if len(rows) > self.limit else None

    def answer(
        self,
        shape: type[T],
        items: Sequence[T],
        next_cursor: str | None,
        columns: Sequence[str] | None = None,
    ) -> Page[T] | Response:
        """Return the page as the caller prefers it; CSV has these columns, or all fields of the shape."""
        if wants_csv(self.request):
            rows = [item.model_dump(mode="json") for item in items]
            return csv_answer(self.request, columns or tuple(shape.model_fields), rows, next_cursor)
        return Page[T](items=list(items), next_cursor=next_cursor)


def _page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="The most items of a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | SkipJsonSchema[None],
        Query(json_schema_extra=_BOUNDED, description="The `next_cursor` of the previous page."),
    ] = None,
) -> PageRequest:
    return PageRequest(request, limit, cursor)


Paging = Annotated[PageRequest, Depends(_page_request)]
"""The parameters `limit` and `cursor` of a route that lists."""


def list_of(shape: type[BaseModel], answers: Mapping[int, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return what a route that lists adds to its declaration: page, CSV, and its other answers."""
    return {"response_model": Page[shape], "responses": DESCRIPTION | dict(answers or {})}
