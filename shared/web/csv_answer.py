"""A list as CSV, for callers whose `Accept` prefers it."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from shared.web.accept import prefers

CSV: Final = "text/csv"
DESCRIPTION: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}}
}
"""What a route that can also answer CSV adds to its description."""

# Spreadsheets execute text that begins like a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(request: Request) -> bool:
    """Return whether the caller prefers CSV to JSON."""
    return prefers(request, CSV)


def csv_answer(
    request: Request, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], next_cursor: str | None
) -> Response:
    """Return a page as CSV after RFC 4180: a header line, then a line for each row; null is empty.

    The column `a.b` is the field `b` of the object `a`; other objects and lists are written as JSON.
    The next page is the target of the header `Link` with `rel="next"`. A text that begins like a formula gets
    an apostrophe before it.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(_within(row, column)) for column in columns] for row in rows)
    headers = {"Vary": "Accept"}
    if next_cursor is not None:
        parameters = dict(request.query_params) | {"cursor": next_cursor}
        headers["Link"] = f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'
    return Response(
        file.getvalue().encode(), media_type=f"{CSV}; charset=utf-8; header=present", headers=headers
    )


def _within(row: Mapping[str, Any], column: str) -> Any:
    value: Any = row
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        text = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return f"'{text}" if text.startswith(_FORMULA) else text
    return value
