"""Why a line of a log is refused: a fixed list, so that a report stays short whatever a file holds."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Read after "refused:". No reason repeats what the line says, which may be personal."""

    NO_FORMAT = "in an unknown format"
    TOO_LONG = "longer than a line of its format can be"
    NOT_TEXT = "binary data, not text"
    NO_ADDRESS = "without the visitor's address"
    NOT_AN_ADDRESS = "the visitor's address is not an address"
    HOST_NAME = "a host name instead of the visitor's address; --host-names accepts host names"
    NO_REQUEST = "without a request"
    NO_STATUS = "without the status of the answer"
    NO_TIME = "without a time"
    TIME_SHAPE = "the time is not in a known form, such as 15/Nov/2026:10:00:01 +0000"
    MONTH = "the month is none of Jan to Dec"
    DAY = "the month has no such day"
    HOUR = "the day has no such hour, minute or second"
    ZONE = "the time zone is too far from UTC"
    TOO_EARLY = "the time is before 2000"
    FUTURE = "the time is in the future"
    JSON = "not a whole JSON object on one line"
    JSON_DEPTH = "JSON that nests too deep"
    JSON_NOTHING = "JSON with none of the keys of an access log"
    COMMENT = "a comment of an unknown format, such as W3C's (IIS, CloudFront)"


class LineRefused(Exception):
    """A line that cannot be used: it cannot be read, or its content is impossible."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason
