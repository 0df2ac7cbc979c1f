"""What the API's documentation says of a tracking path; the shapes come from the decoders themselves."""

from functools import cache
from typing import Any, Final

import msgspec

from services.ingest.reading.fields import KeyFields
from services.ingest.reading.limits import MAX_BODY_BYTES, MAX_EVENT_BYTES, MAX_EVENTS

JSON: Final = "application/json"
LEFT_OUT: Final = (
    "A blank id and a placeholder, such as `undefined`, `0` or `{{user_id}}`, are left out when the event "
    "has another identity, and `left_out` lists them."
)


def limits(keys: KeyFields) -> str:
    """Return the limits of every tracking path, and the fields of this path that may have the write key."""
    return (
        f"At most {MAX_EVENT_BYTES:,} bytes an event and, for several, {MAX_BODY_BYTES:,} bytes and "
        f"{MAX_EVENTS:,} events a request, decompressed. The body may be gzip. Every Content-Type is "
        f"accepted. {_key_locations(keys)}"
    )


def _key_locations(keys: KeyFields) -> str:
    locations = ["the Basic user", "the bearer token"]
    if keys.query:
        locations.append(f"`{keys.query[0]}` in the query")
    if keys.body:
        locations.append(f"`{keys.body.names[0]}` in {keys.body.location}")
    return f"The write key is {', '.join(locations[:-1])}, or {locations[-1]}."


def description(
    summary: str,
    text: str,
    body: dict[str, Any],
    example: Any,
    answer: dict[str, Any],
    *,
    media_type: str = JSON,
) -> dict[str, Any]:
    """Describe a tracking path; `body` and `answer` are schemas, and `media_type` is that of the body."""
    problems = {
        400: "The body, or the single event or call, is refused, and stored as a dead letter.",
        401: "The write key is missing or wrong.",
        413: "The body, an event or the number of events is over its limit.",
        503: "The log is not available; try again after `Retry-After` seconds.",
    }
    return {
        "summary": summary,
        "description": text,
        "responses": {
            200: {
                "description": "The accepted events are on the log.",
                "content": {JSON: {"schema": answer}},
            },
            **{status: {"description": meaning} for status, meaning in problems.items()},
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {media_type: {"schema": body, "example": example}},
            },
        },
    }


@cache
def schema(shape: type) -> dict[str, Any]:
    """Return the JSON schema of a shape with its parts written out in it; several routes share the shape."""
    whole = msgspec.json.schema(shape)
    parts = whole.pop("$defs")

    def inlined(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inlined(parts[value["$ref"].rpartition("/")[2]])
            return {name: inlined(part) for name, part in value.items()}
        return [inlined(part) for part in value] if isinstance(value, list) else value

    return inlined(whole)
