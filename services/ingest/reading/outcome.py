"""What became of each event of a request: it was accepted, or refused, which is reported and stored."""

from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import msgspec

from services.ingest.reading.accepted import Accepted, LeftOut
from services.ingest.reading.fields import Fields
from services.ingest.reading.limits import MAX_ID_LENGTH
from services.ingest.reading.redaction import Redaction
from shared.errors import Refused
from shared.events import INGEST, DeadLetter, Envelope
from shared.payload import text_payload

MAX_PAYLOAD_BYTES: Final = 32 * 1024


class Refusal(NamedTuple):
    """Why an event or a whole body was refused, its bytes as they came, and what came beside them."""

    error: Refused
    payload: bytes
    envelope: Envelope | None = None


Outcome: TypeAlias = Accepted | Refusal


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The answer to the sender about one event; `id` is null when a refused event has no readable id.

    `left_out` are values of an accepted event that were not taken, such as placeholders instead of ids.
    """

    id: str | None
    status: str
    code: str | None = None
    message: str | None = None
    field: str | None = None
    left_out: tuple[LeftOut, ...] = ()


def verdict_of(outcome: Outcome, id_fields: Fields) -> Verdict:
    """Return the verdict for the sender; `id_fields` may have the id of a refused event."""
    if isinstance(outcome, Accepted):
        return Verdict(outcome.event.id, "accepted", left_out=outcome.left_out)
    error = outcome.error
    return Verdict(_id_in(outcome.payload, id_fields), "refused", error.code, error.message, error.field)


def dead_letter(
    refusal: Refusal, *, id: str, refused_at: datetime, source: str, redaction: Redaction
) -> DeadLetter:
    """Return the refusal as a dead letter without keys; a payload over MAX_PAYLOAD_BYTES becomes an excerpt.

    `source` is the path by which it came in; a replay needs it to read the payload.
    """
    return DeadLetter(
        id=id,
        code=refusal.error.code,
        message=refusal.error.message,
        refused_at=refused_at,
        refused_by=INGEST,
        source=source,
        envelope=redaction.of_envelope(refusal.envelope),
        **text_payload(redaction.of_bytes(refusal.payload), MAX_PAYLOAD_BYTES)._asdict(),
    )


def _id_in(payload: bytes, id_fields: Fields) -> str | None:
    found = next((value for value in id_fields.values(payload) if value is not None), None)
    return found[:MAX_ID_LENGTH] if isinstance(found, str) else None
