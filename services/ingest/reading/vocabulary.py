"""The names of interaction types: ours, and the types that Segment's event specs become."""

from services.ingest.reading.limits import MAX_TYPE_LENGTH
from shared.errors import Refused
from shared.events import RESERVED_TYPES
from shared.type_names import snake_case, type_of


def checked_type(name: str) -> str:
    """Return the name of a native type; raises Refused unless it is in snake_case and not reserved."""
    if not name or snake_case(name) != name:
        suggestion = snake_case(name)[:MAX_TYPE_LENGTH] or "form_submit"
        raise Refused("type_invalid", f"A type is in snake_case, such as {suggestion!r}.", "type")
    return _unreserved(name, "type")


def track_type(name: str) -> str:
    """Return the type of a Segment track call.

    Raises Refused when its name leaves no type, a type that is too long, or a reserved type.
    """
    if not 0 < len(snake_case(name)) <= MAX_TYPE_LENGTH:
        message = f"An event's name has 1 to {MAX_TYPE_LENGTH} characters in snake_case."
        raise Refused("type_invalid", message, "event")
    return _unreserved(type_of(name), "event")


def _unreserved(type: str, field: str) -> str:
    """Return the type; raises Refused, naming the field, when trackers may not post it."""
    if type in RESERVED_TYPES:
        # The write key is in every web page with a tracker, so any reader could otherwise make any profile
        # a lead.
        message = (
            f"The type {type!r} is reserved: trackers may not post it. To add points by hand, use "
            "POST /v1/profiles/{id}/adjustments with an ops key."
        )
        raise Refused("type_reserved", message, field)
    return type
