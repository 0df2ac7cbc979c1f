"""Flipline's own event: what comes in at `/v1/events`."""

from datetime import datetime
from typing import Any

import msgspec

from services.ingest.limits import EventId, Label, TypeName, check_event, check_traits
from services.ingest.recent import normalise
from services.ingest.shaping import interaction
from services.ingest.skew import occurred_at
from services.ingest.vocabulary import checked_type
from services.ingest.wire import decode
from shared.events import Interaction
from shared.identity import Identity
from shared.ids import NewId


class NativeEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One interaction as its sender writes it; `writeKey` is where a key may stand, and is not kept."""

    type: TypeName
    identities: dict[str, str | int | list[str | int]]
    id: EventId | None = None
    occurred_at: str | None = None
    source: Label | None = None
    campaign: Label | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    writeKey: Any = None  # noqa: N815 - the wire's name


_decoder = msgspec.json.Decoder(NativeEvent)


def read_native(data: bytes, *, received_at: datetime, new_id: NewId, user_agent: str | None) -> Interaction:
    """Shape one native event's JSON; raises Refused, naming the field and the limit.

    `user_agent` is the browser's when a browser sent it; the property `user_agent` goes before it.
    """
    check_event(data)
    event = decode(_decoder, data)
    properties = event.properties or {}
    traits = event.traits or {}
    check_traits(traits, "traits")
    told = properties.get("user_agent")
    return interaction(
        id=event.id or new_id(),
        type=checked_type(event.type),
        identities=_identities(event.identities),
        identities_field="identities",
        occurred_at=occurred_at(event.occurred_at, field="occurred_at", received_at=received_at),
        received_at=received_at,
        source=event.source,
        campaign=event.campaign,
        properties=properties,
        traits=traits,
        user_agent=told if isinstance(told, str) else user_agent,
    )


def _identities(named: dict[str, str | int | list[str | int]]) -> list[Identity]:
    found: list[Identity] = []
    for kind, values in named.items():
        if isinstance(values, list):
            found.extend(normalise(kind, str(value)) for value in values)
        else:
            found.append(normalise(kind, str(values)))
    return found
