"""Segment's tracking API: one call of theirs becomes one interaction of ours.

Whatever a call has beyond what is read here is tolerated, and `null` stands for absent everywhere. The
wire shapes are in `segment_wire.py`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.ingest import skew
from services.ingest.limits import check_event, check_traits
from services.ingest.recent import normalise
from services.ingest.segment_wire import Call, Context, merged, read_call
from services.ingest.shaping import interaction
from services.ingest.vocabulary import track_type
from shared.errors import Refused
from shared.events import IDENTIFY, Interaction
from shared.identity import Identity
from shared.ids import NewId

PAGE_PROPERTIES: Final = ("path", "url", "title", "referrer", "search")
# Segment's reserved group traits that have a name in our vocabulary; others get `company_` before them.
COMPANY_TRAITS: Final = {"name": "company", "employees": "company_size", "industry": "industry"}


class Sending(NamedTuple):
    """What the calls of one request have in common."""

    received_at: datetime
    new_id: NewId
    user_agent: str | None = None
    sent_at: datetime | None = None
    context: Context | None = None


class _Meaning(NamedTuple):
    type: str
    properties: dict[str, Any]
    traits: dict[str, Any]


def read_segment(data: bytes, sending: Sending, type: str | None = None) -> Interaction:
    """Shape one call's JSON; `type` is the path's, and without one the call's own decides.

    Raises Refused, naming the field and the limit.
    """
    check_event(data)
    call = read_call(data)
    kind = type or call.type
    mean = _MEANINGS.get(kind) if kind else None
    if mean is None:
        raise Refused("type_invalid", f"A call's type is one of {', '.join(_MEANINGS)}.", "type")
    context = merged(call.context, sending.context)
    for traits, field in ((call.traits, "traits"), (context.traits, "context.traits")):
        if traits:
            check_traits(traits, field)
    meaning = mean(call, context)
    timed_by = "originalTimestamp" if call.original_timestamp else "timestamp"
    return interaction(
        id=call.message_id or sending.new_id(),
        type=meaning.type,
        identities=_identities(call, context, kind),
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


def _identities(call: Call, context: Context, kind: str | None) -> list[Identity]:
    found: list[Identity] = []
    # "" and 0 are what programs send for "nobody"; taken as ids, all those would be one person.
    if call.user_id:
        found.append(_named("user_id", call.user_id, "userId"))
    if call.anonymous_id:
        found.append(_named("anonymous_id", call.anonymous_id, "anonymousId"))
    if kind == "alias" and call.previous_id:
        found.append(_named("anonymous_id", call.previous_id, "previousId"))
    # A group's own traits are the company's: its e-mail address names no person.
    for traits in (None if kind == "group" else call.traits, context.traits):
        if traits:
            found.extend(_reachable_at(traits))
    return found


def _named(kind: str, value: str | int, field: str) -> Identity:
    try:
        return normalise(kind, str(value))
    except Refused as error:
        raise Refused(error.code, error.message, field) from error


def _reachable_at(traits: dict[str, Any]) -> list[Identity]:
    found: list[Identity] = []
    for kind in ("email", "phone"):
        value = traits.get(kind)
        if isinstance(value, str):
            try:
                found.append(normalise(kind, value))
            except Refused:
                # Forms let anything through as an address; it stays a trait and names nobody.
                continue
    return found


def _track(call: Call, context: Context) -> _Meaning:
    if not call.event:
        raise Refused("field_missing", "A track call has the name of what was done.", "event")
    return _Meaning(track_type(call.event), _properties(call, context), context.traits or {})


def _visit(call: Call, context: Context) -> _Meaning:
    properties = _properties(call, context)
    for name, value in (("name", call.name), ("category", call.category)):
        if value:
            properties.setdefault(name, value)
    return _Meaning("visit", properties, context.traits or {})


def _identify(call: Call, context: Context) -> _Meaning:
    return _Meaning(IDENTIFY, {}, (context.traits or {}) | (call.traits or {}))


def _group(call: Call, context: Context) -> _Meaning:
    if not call.group_id:
        raise Refused("field_missing", "A group call names its group.", "groupId")
    company: dict[str, Any] = {"company_id": str(call.group_id)}
    for name, value in (call.traits or {}).items():
        prefixed = name if name.startswith("company") else f"company_{name}"
        company[COMPANY_TRAITS.get(name, prefixed)] = value
    return _Meaning(IDENTIFY, {}, (context.traits or {}) | company)


def _alias(call: Call, context: Context) -> _Meaning:
    for field, value in (("previousId", call.previous_id), ("userId", call.user_id)):
        if not value:
            raise Refused("field_missing", "An alias call has a previousId and a userId.", field)
    return _Meaning(IDENTIFY, {}, context.traits or {})


_MEANINGS: Final[dict[str, Callable[[Call, Context], _Meaning]]] = {
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


def path_of(url: str) -> str:
    """Return a URL's path, which starts with `/`, without reading more of the URL than that."""
    rest = url.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, after = rest.partition("//")
    if separator and (not scheme or scheme.endswith(":")):
        return "/" + after.partition("/")[2]
    return rest if rest.startswith("/") else f"/{rest}"
