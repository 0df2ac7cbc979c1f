"""A list as CSV, for callers whose `Accept` prefers it."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

CSV: Final = "text/csv"
DESCRIPTION: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}}
}
"""What a route that answers CSV too adds to its description."""

# Programs for tables run what begins like a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def wants_csv(request: Request) -> bool:
    """Tell whether the caller prefers CSV to JSON, by RFC 9110, section 12.5.1."""
    qualities = {CSV: 0.0, "application/json": 0.0}
    for part in request.headers.get("accept", "").lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        if media in qualities:
            qualities[media] = _quality(parameters)
    return qualities[CSV] > qualities["application/json"]


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def csv_answer(
    request: Request, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], next_cursor: str | None
) -> Response:
    """Return a page as CSV after RFC 4180: a header line, then a line for each row; null is empty.

    The next page is the target of the header `Link` with `rel="next"`. A text that begins like a formula gets
    an apostrophe before it.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    headers = {"Vary": "Accept"}
    if next_cursor is not None:
        parameters = dict(request.query_params) | {"cursor": next_cursor}
        headers["Link"] = f'<{request.url.path}?{urlencode(parameters)}>; rel="next"'
    return Response(
        file.getvalue().encode(), media_type=f"{CSV}; charset=utf-8; header=present", headers=headers
    )


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        text = value.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return f"'{text}" if text.startswith(_FORMULA) else text
    return value
