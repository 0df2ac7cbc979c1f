"""What the API's documentation says of the paths of Segment's tracking API."""

from typing import Any, Final

from services.ingest.formats.documentation import LEFT_OUT, description, limits, schema
from services.ingest.formats.segment_wire import Call, SegmentAnswer
from services.ingest.reading.fields import KeyFields
from services.ingest.reading.limits import MAX_EVENTS

_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "track": {"userId": "u-1", "event": "Order Completed", "properties": {"total": 129.0}},
    "identify": {"userId": "u-1", "anonymousId": "cookie-1", "traits": {"email": "ana@runner.example"}},
    "page": {"anonymousId": "cookie-1", "properties": {"path": "/pricing", "title": "Pricing"}},
    "screen": {"anonymousId": "device-1", "name": "Prices"},
    "group": {"userId": "u-1", "groupId": "g-1", "traits": {"name": "Runner Ltd", "employees": 40}},
    "alias": {"previousId": "cookie-1", "userId": "u-1"},
}
_MEANINGS: Final = {
    "track": "Something a person did; known names of Segment's event specs become our types.",
    "identify": "Who a person is: links the identities and sets traits.",
    "page": "A page that was seen: a `visit`.",
    "screen": "A screen of an app that was seen: a `visit`.",
    "group": "The company a person belongs to: sets the traits of the company.",
    "alias": "Links a previous id, of a user or anonymous, to the present userId.",
}


def describe_batch(keys: KeyFields, *, short: bool) -> dict[str, Any]:
    """Describe the path of batches, or its one-letter path."""
    calls = [{"type": kind} | example for kind, example in _EXAMPLES.items()]
    body = {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "maxItems": MAX_EVENTS, "items": schema(Call)},
            "sentAt": {
                "type": ["string", "null"],
                "description": "The sender's clock; corrects the instants of the calls.",
            },
            "context": {"type": ["object", "null"], "description": "Completes the context of each call."},
            "writeKey": {"type": "string"},
        },
    }
    return description(
        "Segment: several calls" + _path_note(short),
        f"Each call is accepted or refused by itself; a refused call is stored as a dead letter. "
        f"{LEFT_OUT} {limits(keys)}",
        body,
        {"batch": calls, "sentAt": "2026-11-22T07:38:16.371Z"},
        schema(SegmentAnswer),
    )


def describe_call(type: str, keys: KeyFields, *, short: bool) -> dict[str, Any]:
    """Describe the path of a single call, or its one-letter path."""
    return description(
        f"Segment: {type}{_path_note(short)}",
        f"{_MEANINGS[type]} {LEFT_OUT} {limits(keys)}",
        schema(Call),
        _EXAMPLES[type],
        schema(SegmentAnswer),
    )


def _path_note(short: bool) -> str:
    return " (the browser library's path)" if short else ""
