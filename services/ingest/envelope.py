"""What a request said beside its payload, as a dead letter keeps it and as a reader needs it again."""

from itertools import count
from typing import Any

import msgspec

from services.ingest.judge import MAX_USER_AGENT_LENGTH
from services.ingest.sending import Sending
from shared.errors import Refused
from shared.events import DeadLetter, Envelope
from shared.identity import Forms
from shared.ids import derived_id

_NOTHING = Envelope()


def envelope_of(sending: Sending) -> Envelope | None:
    """Return what of a request a dead letter has to keep beside the payload, None when that is nothing."""
    context = sending.context and {
        name: value for name, value in msgspec.to_builtins(sending.context).items() if value is not None
    }
    # Longer ones are judged by their beginning.
    agent = sending.user_agent
    envelope = Envelope(
        user_agent=agent if agent is None else agent[:MAX_USER_AGENT_LENGTH],
        sent_at=sending.sent_at,
        context=context or None,
    )
    return None if envelope == _NOTHING else envelope


def sending_of(letter: DeadLetter, forms: Forms, context: Any) -> Sending:
    """Return the request that a letter came by, as if it came at `refused_at` and for the first time.

    `context` is the type that the letter's format has for what a body says of all its events. Events without
    an id get one derived from the letter's: read again, they are the same events. Raises Refused when the
    envelope is not one that this version writes.
    """
    numbers = count()
    envelope = letter.envelope or _NOTHING
    try:
        common = msgspec.convert(envelope.context, context)
    except msgspec.ValidationError as error:
        raise Refused("envelope_invalid", f"The letter's envelope has another shape: {error}.") from error
    return Sending(
        received_at=letter.refused_at,
        new_id=lambda: derived_id("evt", letter.id, next(numbers)),
        forms=forms,
        user_agent=envelope.user_agent,
        sent_at=envelope.sent_at,
        context=common,
    )
