"""The parameters of scoring's routes: in paths, queries and bodies."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator

from shared.errors import Complaint
from shared.names import SLUG_PATTERN
from shared.web.cursor import text

MAX_VERSION: Final = 2**31 - 1
NO_VERSION: Final = {404: {"description": "The model has no active version."}}
# The log stores whole numbers of 64 bits.
_MAX_WHOLE: Final = 2**63


def _without_nul(value: str | None) -> str | None:
    if value is not None and "\0" in value:
        raise ValueError("no text here can have a NUL")
    return value


def _end_of_day(value: object) -> object:
    """Read a date without a time as the last instant of that day."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
        return f"{value}T23:59:59.999999Z"
    return value


def _in_utc(at: datetime) -> datetime:
    """Return an instant in UTC; an instant without a zone is taken as UTC."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies in UTC outside of the years 1 to 9999") from error


NoNul = AfterValidator(_without_nul)
ModelName = Annotated[str, Path(pattern=SLUG_PATTERN)]
ProfileId = Annotated[str, Path(max_length=80), NoNul]
VersionNumber = Annotated[int, Path(ge=1, le=MAX_VERSION)]
At = Annotated[
    datetime | None,
    BeforeValidator(_end_of_day),
    AfterValidator(lambda at: at and _in_utc(at)),
    Query(description="An instant; one without zone is UTC, a date alone is the end of that day."),
]


WhichVersion = Annotated[
    str | None,
    Query(
        pattern="^([1-9][0-9]{0,8}|draft)$",
        description="A version's number, or `draft`; absent: the active one.",
    ),
]
"""The version of a model to price under."""


def unkeepable(document: Any, path: str = "") -> Iterator[Complaint]:
    """Yield a complaint for each part of a JSON document that cannot be stored unchanged."""
    match document:
        case dict():
            for name, value in document.items():
                yield from _of_text(name, path)
                yield from unkeepable(value, f"{path}.{name}" if path else name)
        case list():
            for index, value in enumerate(document):
                yield from unkeepable(value, f"{path}.{index}" if path else str(index))
        case str():
            yield from _of_text(document, path)
        case float() if not isfinite(document):
            yield Complaint(field=path, message="must be a finite number")
        case int() if not -_MAX_WHOLE <= document < _MAX_WHOLE:
            yield Complaint(field=path, message="must be a number of 64 bits")
        case _:
            return


def _of_text(written: str, path: str) -> Iterator[Complaint]:
    try:
        text(written)
    except ValueError:
        yield Complaint(field=path or None, message="must be a text of Unicode without NUL")
