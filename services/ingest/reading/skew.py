"""When something really happened, although the sender's clock may be wrong."""

from datetime import UTC, datetime, timedelta

from shared.errors import Refused

# The web is younger; an earlier instant comes from a clock that was never set.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# A clock that is off by more could not have opened a TLS connection. Such a `sentAt` was stored, by a
# replay or an import, and says nothing about the clock.
MAX_SKEW = timedelta(hours=24)


def read_instant(text: str) -> datetime:
    """Read an ISO 8601 instant as UTC, also an instant without a zone; raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    if instant.tzinfo is UTC:
        return instant
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def read_sent_at(text: str | None) -> datetime | None:
    """Read the sender's clock at sending; a text that cannot be read corrects nothing, as if absent."""
    if text is None:
        return None
    try:
        return read_instant(text)
    except ValueError:
        return None


def occurred_at(
    text: str | None, *, field: str, received_at: datetime, sent_at: datetime | None = None
) -> datetime:
    """Return the instant by our clock: receivedAt - (sentAt - timestamp), and never after receivedAt.

    Without a text it is `received_at`. Raises Refused, naming the field, when the text is not an instant or
    lies before EARLIEST.
    """
    if text is None:
        return received_at
    try:
        instant = read_instant(text)
    except ValueError as error:
        raise Refused(
            "instant_invalid", "Send an ISO 8601 instant such as 2026-11-22T07:38:16Z.", field
        ) from error
    if sent_at is not None and abs(skew := received_at - sent_at) <= MAX_SKEW:
        instant = _shifted(instant, skew)
    if instant < EARLIEST:
        raise Refused("instant_invalid", f"The instant must be in the year {EARLIEST.year} or later.", field)
    return min(instant, received_at)


def _shifted(instant: datetime, skew: timedelta) -> datetime:
    try:
        return instant + skew
    except OverflowError:
        # At the ends of the calendar, a shift of a day makes no difference.
        return instant
