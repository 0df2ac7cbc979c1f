"""The bodies of the answers; status 200 to the digit, since deployed SDKs take 202 and 204 for failures."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from services.ingest.accepted import Accepted, LeftOut
from services.ingest.cors import ANY_ORIGIN
from services.ingest.outcome import Outcome, Verdict, verdict_of


class NativeAnswer(msgspec.Struct, frozen=True):
    """What became of each event, in the order in which they were sent."""

    results: list[Verdict]


class SegmentAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """That the request was taken in and, for a batch, what became of each call, in their order.

    Of a single call, `left_out` are the values that were not taken, such as ids that name nobody.
    """

    success: bool
    results: list[Verdict] | None = None
    left_out: tuple[LeftOut, ...] = ()


_encode = msgspec.json.Encoder().encode


def _ok(body: bytes) -> Response:
    return Response(body, headers=ANY_ORIGIN, media_type="application/json")


_SUCCESS = _ok(_encode(SegmentAnswer(success=True)))


def native_answer(outcomes: Sequence[Outcome]) -> Response:
    """Answer `/v1/events` with a verdict for each event."""
    return _ok(_encode(NativeAnswer([verdict_of(outcome) for outcome in outcomes])))


def batch_answer(outcomes: Sequence[Outcome]) -> Response:
    """Answer a batch with success and a verdict for each call; SDKs read the first at most."""
    verdicts = [verdict_of(outcome) for outcome in outcomes]
    return _ok(_encode(SegmentAnswer(success=True, results=verdicts)))


def call_answer(outcomes: Sequence[Outcome]) -> Response:
    """Answer a single call that was accepted; a refused one has become a problem before."""
    (outcome,) = outcomes
    if isinstance(outcome, Accepted) and outcome.left_out:
        return _ok(_encode(SegmentAnswer(success=True, left_out=outcome.left_out)))
    return _SUCCESS
