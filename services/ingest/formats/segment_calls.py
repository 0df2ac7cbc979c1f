"""Segment's tracking API: each call becomes one interaction of ours.

All other content of a call is tolerated, and `null` stands for absent everywhere. The wire shapes are in
`segment_wire.py`.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from services.ingest.formats.segment_names import names_in
from services.ingest.formats.segment_wire import Call, Context, merged, read_call
from services.ingest.reading import skew
from services.ingest.reading.accepted import Accepted, NamedIdentities
from services.ingest.reading.limits import check_event, check_traits
from services.ingest.reading.sending import Sending
from services.ingest.reading.shaping import accepted
from services.ingest.reading.urls import path_of
from services.ingest.reading.vocabulary import track_type
from shared.errors import Refused
from shared.events import IDENTIFY

PAGE_PROPERTIES: Final = ("path", "url", "title", "referrer", "search")
# Segment's reserved group traits that have a name in our vocabulary; other traits get the prefix
# `company_`.
COMPANY_TRAITS: Final = {"name": "company", "employees": "company_size", "industry": "industry"}


class _Meaning(NamedTuple):
    type: str
    properties: dict[str, Any]
    traits: dict[str, Any]


def read_segment(data: bytes, sending: Sending, type: str | None = None) -> Accepted:
    """Shape one call's JSON; `type` is the path's, and without it the call's own type decides.

    Raises Refused, naming the field and the limit.
    """
    check_event(data)
    call = read_call(data)
    kind = type or call.type
    mean = _MEANINGS.get(kind) if kind else None
    if kind is None or mean is None:
        raise Refused("type_invalid", f"A call's type is one of {', '.join(_MEANINGS)}.", "type")
    context = merged(call.context, sending.context)
    for traits, field in ((call.traits, "traits"), (context.traits, "context.traits")):
        if traits:
            check_traits(traits, field)
    names = NamedIdentities(sending.forms)
    meaning = mean(call, context, names)
    names_in(names, call, context, kind, meaning.type)
    timed_by = "originalTimestamp" if call.original_timestamp else "timestamp"
    return accepted(
        id=names.event_id(call.message_id, "messageId") or sending.new_id(),
        type=meaning.type,
        names=names,
        identities_field="userId",
        occurred_at=skew.occurred_at(
            call.original_timestamp or call.timestamp,
            field=timed_by,
            received_at=sending.received_at,
            sent_at=skew.read_sent_at(call.sent_at) or sending.sent_at,
        ),
        received_at=sending.received_at,
        source=context.library_name or call.channel,
        campaign=context.campaign_name,
        properties=meaning.properties,
        traits=meaning.traits,
        user_agent=context.user_agent or sending.user_agent,
    )


def _track(call: Call, context: Context, _names: NamedIdentities) -> _Meaning:
    if not call.event:
        raise Refused("field_missing", "A track call needs `event`, the name of the interaction.", "event")
    return _Meaning(track_type(call.event), _properties(call, context), context.traits or {})


def _visit(call: Call, context: Context, _names: NamedIdentities) -> _Meaning:
    properties = _properties(call, context)
    for name, value in (("name", call.name), ("category", call.category)):
        if value:
            properties.setdefault(name, value)
    return _Meaning("visit", properties, context.traits or {})


def _identify(call: Call, context: Context, _names: NamedIdentities) -> _Meaning:
    return _Meaning(IDENTIFY, {}, (context.traits or {}) | (call.traits or {}))


def _group(call: Call, context: Context, names: NamedIdentities) -> _Meaning:
    if call.group_id is None:
        raise Refused("field_missing", "A group call needs `groupId`.", "groupId")
    company: dict[str, Any] = {}
    if names.is_id(str(call.group_id), "groupId"):
        company["company_id"] = str(call.group_id)
    for name, value in (call.traits or {}).items():
        prefixed = name if name.startswith("company") else f"company_{name}"
        company[COMPANY_TRAITS.get(name, prefixed)] = value
    return _Meaning(IDENTIFY, {}, (context.traits or {}) | company)


def _alias(_call: Call, context: Context, _names: NamedIdentities) -> _Meaning:
    return _Meaning(IDENTIFY, {}, context.traits or {})


_MEANINGS: Final[dict[str, Callable[[Call, Context, NamedIdentities], _Meaning]]] = {
    "track": _track,
    "page": _visit,
    "screen": _visit,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def _properties(call: Call, context: Context) -> dict[str, Any]:
    """Return the call's properties, completed from the page it was made on and from its campaign."""
    properties = call.properties or {}
    if context.page:
        for name in PAGE_PROPERTIES:
            value = context.page.get(name)
            if value is not None and properties.get(name) is None:
                properties[name] = value
    url = properties.get("url")
    if isinstance(url, str) and properties.get("path") is None:
        properties["path"] = path_of(url)
    if context.campaign:
        for name, value in context.campaign.items():
            if name != "name" and value is not None:
                properties.setdefault(f"campaign_{name}", value)
    return properties
