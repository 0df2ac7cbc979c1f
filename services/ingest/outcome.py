"""What became of each event of a request: an interaction, or a refusal that is told and kept."""

import re
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from services.ingest.limits import MAX_ID_LENGTH
from services.ingest.wire import decode
from shared.errors import Refused
from shared.events import DeadLetter, Interaction

MAX_PAYLOAD_LENGTH: Final = 32 * 1024

_WRITE_KEY = re.compile(r'("write_?key"\s*:\s*")[^"]*', re.IGNORECASE)


class Refusal(NamedTuple):
    """Why an event or a whole body was not taken in, and its bytes as they came."""

    error: Refused
    payload: bytes


Outcome: TypeAlias = Interaction | Refusal


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the sender is told of one event; `id` is null when a refused event has none that can be read."""

    id: str | None
    status: str
    code: str | None = None
    message: str | None = None
    field: str | None = None


class _Named(msgspec.Struct):
    id: Any = None
    messageId: Any = None  # noqa: N815 - the wire's name


_named = msgspec.json.Decoder(_Named)


def verdict_of(outcome: Outcome) -> Verdict:
    """Return what to tell the sender."""
    if isinstance(outcome, Interaction):
        return Verdict(outcome.id, "accepted")
    error, payload = outcome
    return Verdict(_id_in(payload), "refused", error.code, error.message, error.field)


def dead_letter(refusal: Refusal, *, id: str, refused_at: datetime, source: str) -> DeadLetter:
    """Return the refusal as it is kept: the payload cut to MAX_PAYLOAD_LENGTH characters, without its key.

    `source` is the path it came in by, which says how to read the payload.
    """
    text = refusal.payload.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return DeadLetter(
        id=id,
        code=refusal.error.code,
        message=refusal.error.message,
        payload=_WRITE_KEY.sub(r"\1-", text)[:MAX_PAYLOAD_LENGTH],
        refused_at=refused_at,
        refused_by="ingest",
        source=source,
    )


def _id_in(payload: bytes) -> str | None:
    try:
        named = decode(_named, payload)
    except Refused:
        return None
    found = named.messageId if named.id is None else named.id
    return found[:MAX_ID_LENGTH] if isinstance(found, str) else None
