"""The events of a body, read one by one: a bad event is refused alone."""

from collections.abc import Callable, Iterable

import msgspec

from services.ingest.reading.accepted import Accepted
from services.ingest.reading.envelope import envelope_of
from services.ingest.reading.outcome import Outcome, Refusal
from services.ingest.reading.sending import Sending
from shared.errors import Refused


def read_each(
    events: Iterable[msgspec.Raw], read: Callable[[bytes, Sending], Accepted], sending: Sending
) -> list[Outcome]:
    """Read each event of a body; a refused event becomes a Refusal, and the others are still read."""
    outcomes: list[Outcome] = []
    for event in events:
        data = bytes(event)
        try:
            outcomes.append(read(data, sending))
        except Refused as error:
            outcomes.append(Refusal(error, data, envelope_of(sending)))
    return outcomes
