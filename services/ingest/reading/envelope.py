"""What a request had beside its payload: a dead letter stores it, and a replay reads it."""

from itertools import count
from typing import Any

import msgspec

from services.ingest.reading.judge import MAX_USER_AGENT_LENGTH
from services.ingest.reading.sending import Sending
from shared.errors import Refused
from shared.events import DeadLetter, Envelope
from shared.identity import Forms
from shared.ids import derived_id

_NOTHING = Envelope()


def envelope_of(sending: Sending) -> Envelope | None:
    """Return what a dead letter stores of a request beside the payload, None when there is nothing."""
    context = sending.context and {
        name: value for name, value in msgspec.to_builtins(sending.context).items() if value is not None
    }
    # A longer user agent is judged by its beginning.
    agent = sending.user_agent
    envelope = Envelope(
        user_agent=agent if agent is None else agent[:MAX_USER_AGENT_LENGTH],
        sent_at=sending.sent_at,
        context=context or None,
    )
    return None if envelope == _NOTHING else envelope


def sending_of(letter: DeadLetter, forms: Forms, context: Any) -> Sending:
    """Return the request that a letter came by, as if it came at `refused_at` and for the first time.

    `context` is the format's type for what a body says of all its events. Events without an id get an id
    derived from the letter's, so a second read gives the same events. Raises Refused when this version does
    not write such an envelope.
    """
    numbers = count()
    envelope = letter.envelope or _NOTHING
    try:
        common = msgspec.convert(envelope.context, context)
    except msgspec.ValidationError as error:
        raise Refused("envelope_invalid", f"The letter's envelope cannot be read: {error}.") from error
    return Sending(
        received_at=letter.refused_at,
        new_id=lambda: derived_id("evt", letter.id, next(numbers)),
        forms=forms,
        user_agent=envelope.user_agent,
        sent_at=envelope.sent_at,
        context=common,
    )
