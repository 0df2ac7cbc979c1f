"""Reads the header with which a server asks for time: Retry-After (RFC 9110, section 10.2.3)."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def requested_wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header, in seconds or as an HTTP date; None when it is absent or cannot be read."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
        # "-0000" parses without a zone; an HTTP date is always in UTC.
        return until.replace(tzinfo=until.tzinfo or UTC) - now
    except (ValueError, TypeError, OverflowError):
        return None
