"""What the API's documentation says of the tracking paths; the shapes come from the very decoders."""

from functools import cache
from typing import Any, Final

import msgspec

from services.ingest.answers import NativeAnswer, SegmentAnswer
from services.ingest.formats.native import NativeEvent
from services.ingest.formats.segment_wire import Call
from services.ingest.limits import MAX_BODY_BYTES, MAX_EVENT_BYTES, MAX_EVENTS

_LIMITS: Final = (
    f"At most {MAX_EVENT_BYTES:,} bytes an event and, for several, {MAX_BODY_BYTES:,} bytes and "
    f"{MAX_EVENTS:,} events a request, decompressed. The body may be gzip, its Content-Type may be anything. "
    "The write key is the Basic user, the bearer token, `writeKey` in the query, or `writeKey` in a body "
    "that is an object."
)
_LEFT_OUT: Final = (
    "An id that names nobody, such as `undefined`, `0`, `{{user_id}}` or a blank, is left out of an event "
    "that names its person otherwise, and `left_out` says so."
)
_EVENT_EXAMPLE: Final = {
    "id": "2f0c9f4e-reading-1",
    "type": "visit",
    "identities": {"anonymous_id": "cookie-1", "email": "ana@runner.example"},
    "occurred_at": "2026-11-22T07:38:16Z",
    "properties": {"path": "/pricing"},
}
_CALL_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "track": {"userId": "u-1", "event": "Order Completed", "properties": {"total": 129.0}},
    "identify": {"userId": "u-1", "anonymousId": "cookie-1", "traits": {"email": "ana@runner.example"}},
    "page": {"anonymousId": "cookie-1", "properties": {"path": "/pricing", "title": "Pricing"}},
    "screen": {"anonymousId": "device-1", "name": "Prices"},
    "group": {"userId": "u-1", "groupId": "g-1", "traits": {"name": "Runner Ltd", "employees": 40}},
    "alias": {"previousId": "cookie-1", "userId": "u-1"},
}
_CALL_MEANINGS: Final = {
    "track": "Something a person did; known names of Segment's event specs become our types.",
    "identify": "Who a person is: links the identities and sets traits.",
    "page": "A page that was seen: a `visit`.",
    "screen": "A screen of an app that was seen: a `visit`.",
    "group": "The company a person belongs to: sets the traits of the company.",
    "alias": "That a previous id, of a user or anonymous, and the present userId are one person.",
}


def describe_events() -> dict[str, Any]:
    """Describe `/v1/events`."""
    event = _schema(NativeEvent)
    return _description(
        "Send interactions",
        "Each event of a list is accepted or refused by itself, and the answer is 200 with a verdict each. "
        "A single event that is refused is answered 400, with its code and field. What is refused is kept as "
        f"a dead letter. {_LEFT_OUT} {_LIMITS}",
        {"oneOf": [event, {"type": "array", "maxItems": MAX_EVENTS, "items": event}]},
        [_EVENT_EXAMPLE, _EVENT_EXAMPLE | {"id": "2f0c9f4e-reading-2"}],
        _schema(NativeAnswer),
    )


def describe_batch(*, short: bool = False) -> dict[str, Any]:
    """Describe `/v1/batch`, or its one-letter path."""
    calls = [{"type": kind} | example for kind, example in _CALL_EXAMPLES.items()]
    body = {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "maxItems": MAX_EVENTS, "items": _schema(Call)},
            "sentAt": {
                "type": ["string", "null"],
                "description": "The sender's clock, to correct theirs by.",
            },
            "context": {"type": ["object", "null"], "description": "Completes the context of each call."},
            "writeKey": {"type": "string"},
        },
    }
    return _description(
        "Segment: several calls" + _path_note(short),
        f"Each call is accepted or refused by itself; a refused one is kept as a dead letter. "
        f"{_LEFT_OUT} {_LIMITS}",
        body,
        {"batch": calls, "sentAt": "2026-11-22T07:38:16.371Z"},
        _schema(SegmentAnswer),
    )


def describe_call(type: str, *, short: bool = False) -> dict[str, Any]:
    """Describe the path of a single Segment call, or its one-letter path."""
    return _description(
        f"Segment: {type}{_path_note(short)}",
        f"{_CALL_MEANINGS[type]} {_LEFT_OUT} {_LIMITS}",
        _schema(Call),
        _CALL_EXAMPLES[type],
        _schema(SegmentAnswer),
    )


def _path_note(short: bool) -> str:
    return " (the browser library's path)" if short else ""


def _description(
    summary: str, description: str, body: dict[str, Any], example: Any, answer: dict[str, Any]
) -> dict[str, Any]:
    problems = {
        400: "The body, or the single event or call, is refused; it is kept as a dead letter.",
        401: "No write key fits.",
        413: "Over a limit of size or count.",
        503: "The log cannot take events now; come again after `Retry-After` seconds.",
    }
    return {
        "summary": summary,
        "description": description,
        "responses": {
            200: {"description": "On the log.", "content": {"application/json": {"schema": answer}}},
            **{status: {"description": text} for status, text in problems.items()},
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": body, "example": example}},
            },
        },
    }


@cache
def _schema(shape: type) -> dict[str, Any]:
    """Return the JSON schema of a shape with its parts written out in place; several routes share it."""
    schema = msgspec.json.schema(shape)
    parts = schema.pop("$defs")

    def inlined(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inlined(parts[value["$ref"].rpartition("/")[2]])
            return {name: inlined(part) for name, part in value.items()}
        return [inlined(part) for part in value] if isinstance(value, list) else value

    return inlined(schema)
