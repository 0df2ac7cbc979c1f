"""Every error Flipline raises on purpose; the class says what the catcher does about it.

    FliplineError
    ├── Refused            400  the caller's input is wrong: name the field and the limit
    │   ├── TooLarge       413
    │   ├── Unauthorized   401
    │   ├── NotFound       404
    │   ├── Conflict       409  a state in the way that the caller can read and resolve
    │   ├── Outdated       412  it has changed since the caller read it
    │   └── UnsupportedMedia  415
    ├── Unavailable        503  a part we need is down or overloaded: try again after a while
    │   └── LogChanged          the log is not the one that the tables have read: stop, say what to do
    ├── Fenced                  another worker owns this partition now: drop the work, write nothing
    ├── Poison                  this one message can never be handled: park it and go on
    └── Misconfigured           the process cannot start as configured: say what to change

HTTP answers are made from these in one place, `shared/web/http.py`.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NotRequired, TypedDict

MAX_COMPLAINTS: Final = 20
"""The most errors of one input that are reported; the search ends there."""


# A path may contain names that the caller made up.
_MAX_PARTS: Final = 24
_MAX_PART_LENGTH: Final = 64


def field_at(path: Sequence[str | int]) -> str | None:
    """Return the JSON path of a part of an input, shortened; None for the whole input."""
    return ".".join(str(part)[:_MAX_PART_LENGTH] for part in path[:_MAX_PARTS]) or None


class FliplineError(Exception):
    """Base of all; `code` is a stable slug for machines, the message is for people."""

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Complaint(TypedDict):
    """One thing that is wrong with an input; `field` is its JSON path, None the whole input.

    `rule` is the id of the matrix rule that it is in, since an index alone says little to readers.
    """

    field: str | None
    message: str
    rule: NotRequired[str]


class Refused(FliplineError):
    """The input cannot be accepted as it is; `field` is the JSON path of what is wrong.

    `errors` lists every error when the reader can find several at once; the first is about `field`.
    """

    status = 400

    def __init__(
        self, code: str, message: str, field: str | None = None, errors: Sequence[Complaint] | None = None
    ) -> None:
        super().__init__(code, message)
        self.field = field
        self.errors = errors


class TooLarge(Refused):
    """The input is over a size or count limit."""

    status = 413


class Unauthorized(Refused):
    """No key, or a key without access here."""

    status = 401


class NotFound(Refused):
    """The thing named in the path does not exist."""

    status = 404


class Conflict(Refused):
    """The request contradicts the present state."""

    status = 409


class Outdated(Refused):
    """The request was made for a state that has changed since (If-Match)."""

    status = 412


class UnsupportedMedia(Refused):
    """The body is not of a type that can be read here."""

    status = 415


class Unavailable(FliplineError):
    """A needed part is down or overloaded; `retry_after_seconds` is when to try again."""

    status = 503

    def __init__(self, code: str, message: str, retry_after_seconds: int = 5) -> None:
        super().__init__(code, message)
        self.retry_after_seconds = retry_after_seconds


class LogChanged(Unavailable):
    """The log does not continue what the tables have read, so reading on would skip events."""


class Fenced(FliplineError):
    """A newer owner has claimed the partition, so nothing of this batch may be written."""


class Poison(FliplineError):
    """A message that fails because of its content, in every process and at every try."""


class Misconfigured(FliplineError):
    """A setting that cannot work."""
