"""Every event on the log: one closed union, told apart by name and version.

A tag such as `interaction.1` is an event's name and the version of its shape. A new version is a new
class beside the old one and an upcast in `decode`; the old bytes are never rewritten. The bytes of every
version ever written stand in `tests/contract/golden`.
"""

from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from shared.errors import Poison
from shared.identity import Identity

INTERACTIONS: Final = "interactions"
MATRICES: Final = "matrices"
LEADS: Final = "leads"
SALES: Final = "sales"
DEAD_LETTERS: Final = "dead_letters"
TOPICS: Final = (INTERACTIONS, MATRICES, LEADS, SALES, DEAD_LETTERS)

IDENTIFY: Final = "identify"
ADJUSTMENT: Final = "adjustment"
RESERVED_TYPES: Final = frozenset({ADJUSTMENT})
"""Types of interaction that no tracker may post: only the people who run Flipline add points by hand."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", gc=False):
    """Base of all events: immutable, named, encoded without its defaults."""

    id: str


class Interaction(_Event, frozen=True, kw_only=True, tag="interaction.1"):
    """A person did one thing, or (type `identify`) told us who they are.

    `identities` are in normal form, the strongest first; the first is the one it is attributed to.
    `occurred_at` is corrected for the sender's clock. `machine` names the reason why this was no human.
    """

    type: str
    identities: tuple[Identity, ...]
    occurred_at: datetime
    received_at: datetime
    source: str | None = None
    campaign: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    machine: str | None = None


class Retraction(_Event, frozen=True, kw_only=True, tag="retraction.1"):
    """Some interactions of an identity are not to count: machines did them, or nobody did.

    It lies on the partition of the identity that the interactions are attributed to, and so behind them.
    """

    identity: Identity
    interactions: tuple[str, ...]
    reason: str
    author: str
    retracted_at: datetime


class Separation(_Event, frozen=True, kw_only=True, tag="separation.1"):
    """Two groups of identities are not one person, whatever was or will be told to link them."""

    identities: tuple[Identity, ...]
    others: tuple[Identity, ...]
    reason: str
    author: str
    separated_at: datetime


class MatrixActivated(_Event, frozen=True, kw_only=True, tag="matrix_activated.1"):
    """A version of a model's matrix became the one that scores; `matrix` is its canonical JSON."""

    model: str
    version: int
    matrix: dict[str, Any]
    handoff: str
    activated_at: datetime
    note: str | None = None
    author: str | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one rule gave: `count` matches, of which `paid` fell within the limit."""

    rule: str
    label: str
    points: float
    count: int
    paid: int


class LeadQualified(_Event, frozen=True, kw_only=True, tag="lead_qualified.1"):
    """A profile crossed the flip number and becomes a lead: one hand-off cycle in one model."""

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
    traits: dict[str, Any] = {}
    audience: str = "sales"


class StageChanged(_Event, frozen=True, kw_only=True, tag="stage_changed.1"):
    """A profile's score rose or fell into another stage of a model; None is below all of them."""

    profile_id: str
    model: str
    version: int
    before: str | None
    after: str | None
    score: float
    changed_at: datetime
    identities: tuple[Identity, ...]


class DeadLetter(_Event, frozen=True, kw_only=True, tag="dead_letter.1"):
    """Something that could not be taken in, with the reason and the payload as it came."""

    code: str
    message: str
    payload: str
    refused_at: datetime
    refused_by: str
    source: str | None = None


Event: TypeAlias = (
    Interaction | Retraction | Separation | MatrixActivated | LeadQualified | StageChanged | DeadLetter
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Return the event's JSON as it stands on the log."""
    return _encoder.encode(event)


def decode(value: bytes) -> Event:
    """Read an event from the log's bytes; raises Poison when they are none of ours."""
    try:
        return _decoder.decode(value)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Poison("undecodable", f"Not an event of this version: {error}") from error
