"""A dead letter becomes records for the log again, or is refused again with the reason."""

import re
from typing import Final

from services.ingest.formats.format import Format, TrackingPath
from services.ingest.formats.registry import BY_PATH
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.envelope import sending_of
from services.ingest.reading.outcome import MAX_PAYLOAD_BYTES, Refusal
from shared.errors import Poison, Refused
from shared.events import INTERACTIONS, TOPICS, DeadLetter, decode, encode, key_of
from shared.identity import Forms
from shared.log.port import Record
from shared.payload import bytes_of

_POSITION: Final = re.compile(r"([a-z_]+)/[0-9]+/[0-9]+")


def records_of(letter: DeadLetter, forms: Forms) -> list[Record]:
    """Return what to append for a letter; the same letter gives the same records.

    A message that a consumer group parked goes to its topic again, byte for byte. A payload that ingest
    refused is read by the reader of its path, as if it came at `refused_at`: all of its events are
    accepted, or the letter is refused. Raises Refused.
    """
    data = bytes_of(letter)
    source = letter.source or ""
    if source in BY_PATH:
        return _read_again(letter, *BY_PATH[source], data, forms)
    position = _POSITION.fullmatch(source)
    if position is None or position[1] not in TOPICS:
        raise Refused(
            "source_unknown", "The letter's source is neither a tracking path nor topic/partition/offset."
        )
    try:
        return [Record(position[1], key_of(decode(data)), data)]
    except Poison as error:
        raise Refused(error.code, error.message) from error


def _read_again(
    letter: DeadLetter, format: Format, path: TrackingPath, data: bytes, forms: Forms
) -> list[Record]:
    read = path.read_again or path.read
    sending = sending_of(letter, forms, format.context)
    try:
        outcomes = read(data, sending)
        events = [outcome.event for outcome in outcomes if isinstance(outcome, Accepted)]
        refusals = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        if refusals:
            raise _refused(refusals, of=len(outcomes))
    except Refused as error:
        # Letters did not always say that their payload was cut.
        if len(letter.payload) >= MAX_PAYLOAD_BYTES:
            raise Refused(
                "payload_incomplete", f"The payload was cut because of its size. {error.message}"
            ) from error
        raise
    return [Record(INTERACTIONS, key_of(event), encode(event)) for event in events]


def _refused(refusals: list[Refusal], *, of: int) -> Refused:
    error = refusals[0].error
    if of == 1:
        return error
    return Refused(
        error.code, f"{len(refusals):,} of its {of:,} events are refused. The first reason: {error.message}"
    )
