"""Why a line of a log is refused: a fixed list, so that a report stays short whatever a file holds."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Read after "refused:". No reason repeats what the line says, which may be personal."""

    NO_FORMAT = "in no format that is known here"
    TOO_LONG = "longer than a line of its format can be"
    NOT_TEXT = "no text but binary data"
    NO_ADDRESS = "without the visitor's address"
    NOT_AN_ADDRESS = "what stands for the visitor is no address"
    HOST_NAME = "a host name stands for the visitor; --host-names takes the names that the server looked up"
    NO_REQUEST = "without a request"
    NO_STATUS = "without the status of the answer"
    NO_TIME = "without a time"
    TIME_SHAPE = "the time is in no form that is known here, such as 15/Nov/2026:10:00:01 +0000"
    MONTH = "the month is none of Jan to Dec"
    DAY = "the month has no such day"
    HOUR = "the day has no such hour, minute or second"
    ZONE = "no time zone is that far from UTC"
    TOO_EARLY = "the time lies before 2000"
    FUTURE = "the time lies in the future"
    JSON = "no JSON object that begins and ends on this line"
    JSON_DEPTH = "JSON that nests too deep"
    JSON_NOTHING = "JSON with none of the keys of an access log"
    COMMENT = "a comment of a format that is not known here, such as W3C's (IIS, CloudFront)"


class LineRefused(Exception):
    """A line that cannot be used: it cannot be read, or its content is impossible."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(reason.value)
        self.reason = reason
