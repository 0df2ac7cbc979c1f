"""Flipline's own event: what comes in at `/v1/events`."""

from typing import Any

import msgspec

from services.ingest.accepted import Accepted, Names
from services.ingest.limits import EventId, Label, TypeName, check_event, check_traits
from services.ingest.sending import Sending
from services.ingest.shaping import accepted
from services.ingest.skew import occurred_at
from services.ingest.vocabulary import checked_type
from services.ingest.wire import decode
from shared.identity import FORMER_USER_ID, Scalar, twin_of


class NativeEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One interaction as its sender writes it; `writeKey` is where a key may stand, and is not kept."""

    type: TypeName
    identities: dict[str, str | int | float | bool | list[str | int | float | bool | None] | None]
    id: EventId | None = None
    occurred_at: str | None = None
    source: Label | None = None
    campaign: Label | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    writeKey: Any = None  # noqa: N815 - the field has this name in requests


_decoder = msgspec.json.Decoder(NativeEvent)


def read_native(data: bytes, sending: Sending) -> Accepted:
    """Shape one native event's JSON; raises Refused, naming the field and the limit.

    The property `user_agent` goes before that of the request.
    """
    check_event(data)
    event = decode(_decoder, data)
    properties = event.properties or {}
    traits = event.traits or {}
    check_traits(traits, "traits")
    told = properties.get("user_agent")
    known = checked_type(event.type)
    names = Names(sending.forms)
    for kind, values in event.identities.items():
        _name(names, kind, values)
    if FORMER_USER_ID in event.identities:
        # What was done under the former id is linked by that id, which was a user's.
        names.found += [twin for one in names.found if one.kind == FORMER_USER_ID and (twin := twin_of(one))]
    return accepted(
        id=names.event_id(event.id, "id") or sending.new_id(),
        type=known,
        names=names,
        identities_field="identities",
        occurred_at=occurred_at(event.occurred_at, field="occurred_at", received_at=sending.received_at),
        received_at=sending.received_at,
        source=event.source,
        campaign=event.campaign,
        properties=properties,
        traits=traits,
        user_agent=told if isinstance(told, str) else sending.user_agent,
    )


def _name(names: Names, kind: str, values: Scalar | list[Scalar]) -> None:
    field = f"identities.{kind[:40]}"
    if not isinstance(values, list):
        names.add(kind, values, field)
    elif not values:
        names.leave_out(field, values)
    else:
        for index, value in enumerate(values):
            names.add(kind, value, f"{field}.{index}")
