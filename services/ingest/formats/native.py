"""Flipline's own events, one or a list of them: what comes in at `/v1/events`."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from services.ingest.formats.documentation import LEFT_OUT, description, limits, schema
from services.ingest.formats.format import Answer, Format, TrackingPath
from services.ingest.reading.accepted import Accepted, NamedIdentities
from services.ingest.reading.events import read_each
from services.ingest.reading.fields import Fields, JsonFields, KeyFields
from services.ingest.reading.limits import (
    MAX_EVENTS,
    EventId,
    Label,
    TypeName,
    check_count,
    check_event,
    check_traits,
)
from services.ingest.reading.outcome import Outcome, Verdict, verdict_of
from services.ingest.reading.sending import Sending
from services.ingest.reading.shaping import accepted
from services.ingest.reading.skew import occurred_at
from services.ingest.reading.vocabulary import checked_type
from services.ingest.reading.wire import decode
from shared.errors import Refused
from shared.identity import FORMER_USER_ID, Scalar, twin_of


class NativeEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One interaction as its sender writes it; `writeKey` may have a key, and is not stored."""

    type: TypeName
    identities: dict[str, str | int | float | bool | list[str | int | float | bool | None] | None]
    id: EventId | None = None
    occurred_at: str | None = None
    source: Label | None = None
    campaign: Label | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    writeKey: Any = None  # noqa: N815 - the field has this name in requests


class NativeAnswer(msgspec.Struct, frozen=True):
    """What became of each event, in the order in which they were sent."""

    results: list[Verdict]


_EXAMPLE: Final = {
    "id": "2f0c9f4e-reading-1",
    "type": "visit",
    "identities": {"anonymous_id": "cookie-1", "email": "ana@runner.example"},
    "occurred_at": "2026-11-22T07:38:16Z",
    "properties": {"path": "/pricing"},
}

_anything = msgspec.json.Decoder(msgspec.Raw)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(NativeEvent)
_encode = msgspec.json.Encoder().encode


def read_body(data: bytes, sending: Sending) -> list[Outcome]:
    """Read one native event or a list of them.

    Raises Refused when the body is neither, and when a single event is refused: the sender of one event
    looks at the status, and only the sender of a list reads verdicts.
    """
    start = bytes(decode(_anything, data)).lstrip()[:1]
    if start == b"{":
        return [read_native(data, sending)]
    if start != b"[":
        raise Refused("body_invalid", "Send an event as a JSON object, or a list of events.")
    events = decode(_list, data)
    check_count(len(events))
    return read_each(events, read_native, sending)


def read_native(data: bytes, sending: Sending) -> Accepted:
    """Shape one native event's JSON; raises Refused, naming the field and the limit.

    The property `user_agent` wins over the user agent of the request.
    """
    check_event(data)
    event = decode(_event, data)
    properties = event.properties or {}
    traits = event.traits or {}
    check_traits(traits, "traits")
    user_agent = properties.get("user_agent")
    type_ = checked_type(event.type)
    names = NamedIdentities(sending.forms)
    for kind, values in event.identities.items():
        _name(names, kind, values)
    if FORMER_USER_ID in event.identities:
        # Interactions under the former id are linked by that id, which was a user's.
        names.found += [
            twin
            for identity in names.found
            if identity.kind == FORMER_USER_ID and (twin := twin_of(identity))
        ]
    return accepted(
        id=names.event_id(event.id, "id") or sending.new_id(),
        type=type_,
        names=names,
        identities_field="identities",
        occurred_at=occurred_at(event.occurred_at, field="occurred_at", received_at=sending.received_at),
        received_at=sending.received_at,
        source=event.source,
        campaign=event.campaign,
        properties=properties,
        traits=traits,
        user_agent=user_agent if isinstance(user_agent, str) else sending.user_agent,
    )


def _name(names: NamedIdentities, kind: str, values: Scalar | list[Scalar]) -> None:
    field = f"identities.{kind[:40]}"
    if not isinstance(values, list):
        names.add(kind, values, field)
    elif not values:
        names.leave_out(field, values)
    else:
        for index, value in enumerate(values):
            names.add(kind, value, f"{field}.{index}")


def answer(outcomes: Sequence[Outcome], id_fields: Fields) -> Answer:
    """Answer with a verdict for each event."""
    return Answer(_encode(NativeAnswer([verdict_of(outcome, id_fields) for outcome in outcomes])))


def describe(keys: KeyFields) -> dict[str, Any]:
    """Describe `/v1/events`."""
    event = schema(NativeEvent)
    return description(
        "Send interactions",
        "Each event of a list is accepted or refused by itself, and the answer is 200 with their verdicts. "
        "If a single event is refused, the answer is 400 with its code and field. Refused events are stored "
        f"as dead letters. {LEFT_OUT} {limits(keys)}",
        {"oneOf": [event, {"type": "array", "maxItems": MAX_EVENTS, "items": event}]},
        [_EXAMPLE, _EXAMPLE | {"id": "2f0c9f4e-reading-2"}],
        schema(NativeAnswer),
    )


NATIVE: Final = Format(
    name="native",
    paths=(TrackingPath(path="/v1/events", read=read_body, answer=answer, describe=describe),),
    key_fields=KeyFields(body=JsonFields("writeKey"), query=("writeKey", "writekey")),
    # People who know Segment's calls send `messageId`: such an event is refused, and the answer still names
    # it.
    id_fields=JsonFields("id", "messageId"),
)
