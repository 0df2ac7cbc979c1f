"""Segment's tracking API: a path for batches, one for each type of call, and the short paths of browsers.

`segment_calls.py` reads a call, and `segment_description.py` has what the API's documentation shows.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from services.ingest.formats.format import Answer, Format, Read, TrackingPath
from services.ingest.formats.segment_calls import read_segment
from services.ingest.formats.segment_description import describe_batch, describe_call
from services.ingest.formats.segment_wire import Context, SegmentAnswer, read_batch, read_common_context
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.events import read_each
from services.ingest.reading.fields import Fields, JsonFields, KeyFields
from services.ingest.reading.limits import check_count
from services.ingest.reading.outcome import Outcome, verdict_of
from services.ingest.reading.sending import Sending
from services.ingest.reading.skew import read_sent_at
from services.ingest.reading.wire import decode
from shared.errors import Refused

CALLS: Final = {
    "track": "t",
    "identify": "i",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}
"""The types of calls, each with the letter that is its path in the browser library."""

_encode = msgspec.json.Encoder().encode
_SUCCESS: Final = Answer(_encode(SegmentAnswer(success=True)))


class _CallOrBatch(msgspec.Struct):
    batch: Any = msgspec.UNSET


_either = msgspec.json.Decoder(_CallOrBatch)


def read_calls(data: bytes, sending: Sending) -> list[Outcome]:
    """Read a batch of calls; raises Refused when the body is not a batch."""
    batch = read_batch(data)
    check_count(len(batch.batch), "batch")
    common = sending._replace(sent_at=read_sent_at(batch.sent_at), context=read_common_context(batch))
    return read_each(batch.batch, read_segment, common)


def _read_calls_again(data: bytes, sending: Sending) -> list[Outcome]:
    """Read what was refused at the path of batches: a whole batch, or a single call of one."""
    try:
        is_batch = decode(_either, data).batch is not msgspec.UNSET
    except Refused:
        is_batch = False
    return read_calls(data, sending) if is_batch else [read_segment(data, sending)]


def _read_call(type: str) -> Read:
    """Return the reader of a single call of this type, which raises Refused when the call is refused."""

    def read(data: bytes, sending: Sending) -> list[Outcome]:
        return [read_segment(data, sending, type)]

    return read


def answer_calls(outcomes: Sequence[Outcome], id_fields: Fields) -> Answer:
    """Answer a batch with success and a verdict for each call; SDKs read the first at most."""
    verdicts = [verdict_of(outcome, id_fields) for outcome in outcomes]
    return Answer(_encode(SegmentAnswer(success=True, results=verdicts)))


def answer_call(outcomes: Sequence[Outcome], _id_fields: Fields) -> Answer:
    """Answer a single call that was accepted; a refused call has become a problem before."""
    (outcome,) = outcomes
    if isinstance(outcome, Accepted) and outcome.left_out:
        return Answer(_encode(SegmentAnswer(success=True, left_out=outcome.left_out)))
    return _SUCCESS


def _batches(path: str, *, short: bool) -> TrackingPath:
    return TrackingPath(
        path=path,
        read=read_calls,
        read_again=_read_calls_again,
        answer=answer_calls,
        describe=partial(describe_batch, short=short),
    )


def _calls(path: str, type: str, *, short: bool) -> TrackingPath:
    return TrackingPath(
        path=path,
        read=_read_call(type),
        answer=answer_call,
        usual=_SUCCESS,
        describe=partial(describe_call, type, short=short),
    )


SEGMENT: Final = Format(
    name="segment",
    paths=(
        _batches("/v1/batch", short=False),
        _batches("/v1/b", short=True),
        *(
            _calls(f"/v1/{name}", kind, short=name != kind)
            for kind, letter in CALLS.items()
            for name in (kind, letter)
        ),
    ),
    key_fields=KeyFields(body=JsonFields("writeKey"), query=("writeKey", "writekey")),
    id_fields=JsonFields("id", "messageId"),
    context=Context | None,
)
