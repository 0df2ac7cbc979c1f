"""Every event on the log: one closed union, distinguished by name and version.

A tag such as `interaction.1` is an event's name and the version of its shape. A new version is a new
class beside the old one and an upcast in `decode`; the old bytes are never rewritten. The bytes of every
version ever written are in `tests/contract/golden`.
"""

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from shared.errors import Poison
from shared.event_base import EventBase
from shared.identity import Identity
from shared.model_events import (
    LeadsHandedOver,
    MatrixActivated,
    ModelDeleted,
    ModelDrafted,
    ModelRetired,
)

INTERACTIONS: Final = "interactions"
MATRICES: Final = "matrices"
LEADS: Final = "leads"
SALES: Final = "sales"
DEAD_LETTERS: Final = "dead_letters"
TOPICS: Final = (INTERACTIONS, MATRICES, LEADS, SALES, DEAD_LETTERS)

INGEST: Final = "ingest"
"""The `refused_by` of input from a tracker's request; any other value is a consumer group."""

IDENTIFY: Final = "identify"
ADJUSTMENT: Final = "adjustment"
RESERVED_TYPES: Final = frozenset({ADJUSTMENT})
"""Types of interaction that no tracker may post: only ops add points by hand."""


class Interaction(EventBase, frozen=True, kw_only=True, tag="interaction.1"):
    """A person did one thing, or (type `identify`) said who they are.

    `identities` are in normal form, the strongest first; the interaction is attributed to the first.
    `occurred_at` is corrected for the sender's clock. `machine` is the reason why this was not a human.
    """

    type: str
    identities: tuple[Identity, ...]
    occurred_at: datetime
    received_at: datetime
    source: str | None = None
    campaign: str | None = None
    properties: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    traits: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    machine: str | None = None


class Retraction(EventBase, frozen=True, kw_only=True, tag="retraction.1"):
    """Interactions of an identity that do not count: machines made them, or they never happened.

    A retraction is on the partition of the identity that the interactions are attributed to, so it comes
    after them.
    """

    identity: Identity
    interactions: tuple[str, ...]
    reason: str
    author: str
    retracted_at: datetime


class Separation(EventBase, frozen=True, kw_only=True, tag="separation.1"):
    """Two groups of identities are not one person, whatever links them now or later."""

    identities: tuple[Identity, ...]
    others: tuple[Identity, ...]
    reason: str
    author: str
    separated_at: datetime


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one rule gave: `count` matches; `paid` of them were within the limit."""

    rule: str
    label: str
    points: float
    count: int
    paid: int


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is offered to the person of a lead."""

    name: str
    coupon: str | None = None


class LeadQualified(EventBase, frozen=True, kw_only=True, tag="lead_qualified.1"):
    """A profile crossed the flip number and becomes a lead: one hand-off cycle in one model.

    `campaign` is the campaign of the model, and `offer` the model's offer.
    """

    lead_id: str
    profile_id: str
    model: str
    version: int
    cycle: int
    score: float
    flip_number: float
    crossed_on: str
    qualified_at: datetime
    reasons: tuple[Reason, ...]
    identities: tuple[Identity, ...]
    traits: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    audience: str = "sales"
    campaign: str | None = None
    offer: Offer | None = None


class StageChanged(EventBase, frozen=True, kw_only=True, tag="stage_changed.1"):
    """A profile's score rose or fell into another stage of a model; None is below all of them."""

    profile_id: str
    model: str
    version: int
    before: str | None
    after: str | None
    score: float
    changed_at: datetime
    identities: tuple[Identity, ...]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a tracker's request said beside a payload: without it the payload reads differently.

    `sent_at` and `context` are those of a whole Segment batch, for a single call of it.
    """

    user_agent: str | None = None
    sent_at: datetime | None = None
    context: dict[str, Any] | None = None


class DeadLetter(EventBase, frozen=True, kw_only=True, tag="dead_letter.1"):
    """Something that could not be taken in, with the reason and the payload as it came.

    `refused_by` is `ingest` or the consumer group that parked a message. `source` is the path of the
    request, or the topic/partition/offset of the message. With `encoding` base64 the payload was not text;
    with `excerpt` only a readable part of it is stored.
    """

    code: str
    message: str
    payload: str
    refused_at: datetime
    refused_by: str
    source: str | None = None
    encoding: Literal["text", "base64"] = "text"
    excerpt: bool = False
    envelope: Envelope | None = None


class DeadLetterReplayed(EventBase, frozen=True, kw_only=True, tag="dead_letter_replayed.1"):
    """The content of a dead letter is on the log again.

    One event marks one letter, so that both have one key and are read in their order. `replayed_at` is never
    before the letter's `refused_at`.
    """

    letter: str
    replayed_at: datetime
    author: str


Event: TypeAlias = (
    Interaction
    | Retraction
    | Separation
    | MatrixActivated
    | ModelRetired
    | LeadsHandedOver
    | ModelDrafted
    | ModelDeleted
    | LeadQualified
    | StageChanged
    | DeadLetter
    | DeadLetterReplayed
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event's JSON as it is on the log."""
    return _encoder.encode(event)


def decode(value: bytes) -> Event:
    """Read an event from the log's bytes; raises Poison for bytes that are not an event of ours."""
    try:
        return _decoder.decode(value)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Poison("undecodable", f"Not an event of this version: {error}") from error


def key_of(event: Event) -> str:
    """Return the key under which an event lies on its topic; events of one key keep their order.

    Raises Poison for an event that names no identity.
    """
    match event:
        case Interaction() | Separation():
            if not event.identities:
                raise Poison("identities_missing", f"{event.id} names no identity.")
            return event.identities[0].id
        case Retraction():
            return event.identity.id
        case MatrixActivated() | ModelRetired() | LeadsHandedOver() | ModelDrafted() | ModelDeleted():
            return event.model
        case LeadQualified() | StageChanged():
            return event.profile_id
        case DeadLetter():
            return event.id
        case DeadLetterReplayed():
            return event.letter
