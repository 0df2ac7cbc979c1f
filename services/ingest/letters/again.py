"""A dead letter becomes records for the log again, or is refused again with the reason."""

import re
from typing import Any, Final

import msgspec

from services.ingest.accepted import Accepted
from services.ingest.envelope import sending_of
from services.ingest.formats.segment_calls import read_segment
from services.ingest.outcome import MAX_PAYLOAD_BYTES, Refusal
from services.ingest.paths import BATCHES, READERS
from services.ingest.wire import decode as decode_shape
from shared.errors import Poison, Refused
from shared.events import INTERACTIONS, TOPICS, DeadLetter, decode, encode, key_of
from shared.identity import Forms
from shared.log.port import Record
from shared.payload import bytes_of

_PLACE: Final = re.compile(r"([a-z_]+)/[0-9]+/[0-9]+")


class _CallOrBatch(msgspec.Struct):
    batch: Any = msgspec.UNSET


_either = msgspec.json.Decoder(_CallOrBatch)


def records_of(letter: DeadLetter, forms: Forms) -> list[Record]:
    """Return what to append for a letter; the same letter gives the same records.

    A message that a consumer group parked goes to its topic again, byte for byte. A payload that ingest
    refused is read by the reader of its path, as if it came at `refused_at`: all of its events are accepted,
    or the letter is refused. Raises Refused.
    """
    data = bytes_of(letter)
    source = letter.source or ""
    if source in READERS:
        return _read_again(letter, source, data, forms)
    place = _PLACE.fullmatch(source)
    if place is None or place[1] not in TOPICS:
        raise Refused(
            "source_unknown", "The letter's source is neither a tracking path nor a message's place."
        )
    try:
        return [Record(place[1], key_of(decode(data)), data)]
    except Poison as error:
        raise Refused(error.code, error.message) from error


def _read_again(letter: DeadLetter, path: str, data: bytes, forms: Forms) -> list[Record]:
    sending = sending_of(letter, forms)
    try:
        if path in BATCHES and not _is_batch(data):
            events = [read_segment(data, sending).event]
        else:
            outcomes = READERS[path](data, sending)
            events = [outcome.event for outcome in outcomes if isinstance(outcome, Accepted)]
            refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
            if refusals:
                raise _refused(refusals, of=len(outcomes))
    except Refused as error:
        # Letters did not always tell that they were cut.
        if len(letter.payload) >= MAX_PAYLOAD_BYTES:
            raise Refused(
                "payload_incomplete", f"The payload was cut for its size. {error.message}"
            ) from error
        raise
    return [Record(INTERACTIONS, key_of(event), encode(event)) for event in events]


def _is_batch(data: bytes) -> bool:
    """Tell whether the payload is a whole batch that was refused, not a single call of one."""
    try:
        return decode_shape(_either, data).batch is not msgspec.UNSET
    except Refused:
        return False


def _refused(refusals: list[Refusal], *, of: int) -> Refused:
    error = refusals[0].error
    if of == 1:
        return error
    return Refused(error.code, f"{len(refusals):,} of its {of:,} events are refused, first: {error.message}")
