"""A delivery as a state machine: Prepared, and after each attempt Delivered, Rejected or Unreachable.

    Prepared ──attempt──> Delivered                    a 2xx: done
                          Rejected     ──> Prepared    an answer other than 2xx: again at `retry_at`
                          Unreachable  ──> Prepared    no answer at all:         again at `retry_at`

Without a `retry_at` the delivery is held: never dropped, listed, and replayable.
"""

from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Literal, TypeAlias, assert_never

from services.handoff.webhooks.retry import delay
from shared.retry_after import requested_wait

DeliveryStatus = Literal["pending", "delivered", "held"]

DISABLED = "The webhook is disabled."
UNSIGNABLE = "No secret of the webhook can be read. Rotate the secret, then set status to active."
UNREADABLE = "event_types or models of the webhook cannot be read. Set both again, then set status to active."
OUR_FAULT = "Flipline could not make this attempt because of an error of its own. See Flipline's log."
ANSWERED_410 = "The endpoint answered 410 Gone, which disables the webhook."


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A delivery that is due, leased to one worker until `lease`; `failures` counts failures in a row.

    The lease has the worker's name, or none while the worker cannot prove that it lives.
    """

    id: str
    webhook_id: str
    message_id: str
    type: str
    url: str
    body: bytes
    secrets: tuple[str, ...] = field(repr=False)
    failures: int
    lease: datetime
    worker: str | None


@dataclass(frozen=True)
class EndpointAnswer:
    """The endpoint answered; `excerpt` is the beginning of the body."""

    status: int
    retry_after: str | None
    excerpt: str


@dataclass(frozen=True)
class NoAnswer:
    """No answer came: no connection, a broken connection, or a timeout."""

    error: str


@dataclass(frozen=True)
class Forbidden:
    """Webhooks may not connect to the target."""

    error: str


Result: TypeAlias = EndpointAnswer | NoAnswer | Forbidden


@dataclass(frozen=True)
class Delivered:
    """The endpoint accepted the delivery."""

    at: datetime


@dataclass(frozen=True)
class Rejected:
    """The endpoint did not answer with a 2xx; `disables` when it asks for no more deliveries."""

    error: str
    retry_at: datetime | None
    disables: bool = False


@dataclass(frozen=True)
class Unreachable:
    """The endpoint did not answer, or may not be connected to."""

    error: str
    retry_at: datetime | None


Decided: TypeAlias = Delivered | Rejected | Unreachable


def decide(failures: int, result: Result, at: datetime, jitter: float) -> Decided:
    """Return what becomes of a delivery, given the failures before this attempt and the attempt's result."""
    match result:
        case EndpointAnswer(status=status) if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Delivered(at)
        case EndpointAnswer(status=HTTPStatus.GONE):
            return Rejected(ANSWERED_410, None, disables=True)
        case EndpointAnswer(status=status, retry_after=retry_after):
            wait = delay(failures + 1, jitter, requested_wait(retry_after, at))
            return Rejected(_explained(status), at + wait if wait else None)
        case NoAnswer(error=error):
            wait = delay(failures + 1, jitter)
            return Unreachable(error, at + wait if wait else None)
        case Forbidden(error=error):
            return Unreachable(error, None)
        case _:
            assert_never(result)


def _explained(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"The endpoint answered {status}; redirects are not followed, so give the final URL."
    return f"The endpoint answered {status}."
