"""Whole bodies into outcomes: a bad event is refused alone, and only what is no batch at all as a whole."""

from collections.abc import Callable, Iterable

import msgspec

from services.ingest.accepted import Accepted
from services.ingest.envelope import envelope_of
from services.ingest.formats.native import read_native
from services.ingest.formats.segment_calls import read_segment
from services.ingest.formats.segment_wire import read_batch, read_common_context
from services.ingest.limits import check_count
from services.ingest.outcome import Outcome, Refusal
from services.ingest.sending import Sending
from services.ingest.skew import read_sent_at
from services.ingest.wire import decode
from shared.errors import Refused

_anything = msgspec.json.Decoder(msgspec.Raw)
_list = msgspec.json.Decoder(list[msgspec.Raw])


def native_body(data: bytes, sending: Sending) -> list[Outcome]:
    """Read one native event or a list of them.

    Raises Refused when the body is neither, and when the one event is refused: a sender of one event looks at
    the status, and only a sender of a list has verdicts to look at.
    """
    start = bytes(decode(_anything, data)).lstrip()[:1]
    if start == b"{":
        return [read_native(data, sending)]
    if start != b"[":
        raise Refused("body_invalid", "Send one event as a JSON object, or a list of them.")
    events = decode(_list, data)
    check_count(len(events))
    return _read_each(events, lambda event: read_native(event, sending), sending)


def segment_batch(data: bytes, sending: Sending) -> list[Outcome]:
    """Read a batch of Segment calls; raises Refused when the body is none."""
    batch = read_batch(data)
    check_count(len(batch.batch), "batch")
    common = sending._replace(sent_at=read_sent_at(batch.sent_at), context=read_common_context(batch))
    return _read_each(batch.batch, lambda call: read_segment(call, common), common)


def segment_call(type: str) -> Callable[[bytes, Sending], list[Outcome]]:
    """Return the reader of a single call of this type, which raises Refused when the call is refused."""

    def read(data: bytes, sending: Sending) -> list[Outcome]:
        return [read_segment(data, sending, type)]

    return read


def _read_each(
    events: Iterable[msgspec.Raw], read: Callable[[bytes], Accepted], sending: Sending
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for event in events:
        data = bytes(event)
        try:
            outcomes.append(read(data))
        except Refused as error:
            outcomes.append(Refusal(error, data, envelope_of(sending)))
    return outcomes
