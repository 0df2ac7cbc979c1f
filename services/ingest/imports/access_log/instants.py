"""When a request came, read from the notations of servers."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.reading.skew import EARLIEST

# The month's name is English whatever the locale, but strptime would use the locale.
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_COMMON: Final = re.compile(
    r"(\d\d)/([^\s/:]{3,9})/(\d{4}):(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,9})? ([+-])(\d\d):?(\d\d)",
    re.ASCII,
)
_DIGITS: Final = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_ISO: Final = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)([T ])(\d\d:\d\d:)(\d\d)(.*)", re.ASCII)
_LEAP_SECOND: Final = 60
_FARTHEST_HOURS: Final = 14
_LAST_MINUTE: Final = 59
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds since 1970 have 10 digits from 2001 to 2286; three more are milliseconds, and so on.
_UNITS: Final = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (1e20, 1_000_000_000))


# Requests come in bursts, so the next line often has the same second.
@lru_cache(maxsize=1_024)
def instant_of(text: str) -> datetime:
    """Read `15/Nov/2026:10:00:01 +0000`, or ISO 8601, as UTC; raises LineRefused.

    A text without a time zone is in UTC.
    """
    match = _COMMON.fullmatch(text)
    if match is None:
        return _iso_instant(text)
    day, name, year, hour, minute, second, sign, hours, minutes = match.groups()
    month = _MONTHS.get(name)
    if month is None:
        raise LineRefused(RefusalReason.MONTH)
    try:
        midnight = datetime(int(year), month, int(day), tzinfo=UTC)
    except ValueError:
        raise LineRefused(RefusalReason.DAY) from None
    try:
        local = midnight.replace(hour=int(hour), minute=int(minute), second=_second(int(second)))
    except ValueError:
        raise LineRefused(RefusalReason.HOUR) from None
    if int(hours) > _FARTHEST_HOURS or int(minutes) > _LAST_MINUTE:
        raise LineRefused(RefusalReason.ZONE)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        return local + offset if sign == "-" else local - offset
    except OverflowError:
        raise _beyond(local) from None


def any_instant(value: Any) -> datetime:
    """Read a text as `instant_of` does, or the time since 1970; raises LineRefused.

    The size of a number decides its unit, seconds to nanoseconds.
    """
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            return instant_of(value)
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise LineRefused(RefusalReason.TIME_SHAPE)
    units = next((units for most, units in _UNITS if abs(value) < most), None)
    if units is None:
        raise LineRefused(RefusalReason.TIME_SHAPE)
    return _EPOCH + timedelta(seconds=value / units)


def _iso_instant(text: str) -> datetime:
    match = _ISO.fullmatch(text.removeprefix("[").removesuffix("]"))
    if match is None:
        raise LineRefused(RefusalReason.TIME_SHAPE)
    year, month, day, _, clock, second, rest = match.groups()
    try:
        datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        raise LineRefused(
            RefusalReason.DAY if 1 <= int(month) <= len(_MONTHS) else RefusalReason.MONTH
        ) from None
    whole = f"{year}-{month}-{day}T{clock}{_second(int(second)):02}"
    try:
        datetime.fromisoformat(whole)
    except ValueError:
        raise LineRefused(RefusalReason.HOUR) from None
    try:
        instant = datetime.fromisoformat(whole + rest.replace(" UTC", "Z").replace(" ", ""))
    except ValueError:
        raise LineRefused(RefusalReason.TIME_SHAPE) from None
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    if abs(instant.utcoffset() or timedelta(0)) > timedelta(hours=_FARTHEST_HOURS):
        raise LineRefused(RefusalReason.ZONE)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise _beyond(instant) from None


def _second(second: int) -> int:
    # Python's calendar has no leap second; the second before it is near enough.
    return second - 1 if second == _LEAP_SECOND else second


def _beyond(instant: datetime) -> LineRefused:
    return LineRefused(RefusalReason.TOO_EARLY if instant.year < EARLIEST.year else RefusalReason.FUTURE)
