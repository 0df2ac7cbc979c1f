"""The body of a webhook: `{"type","timestamp","data"}`, encoded once and sent as those very bytes."""

import msgspec

from services.handoff.payload.lead import iso
from services.handoff.payload.notice import Notice


def body_of(type: str, notice: Notice) -> bytes:
    """Return the body's bytes; its timestamp is when the event happened, not when it is sent."""
    return msgspec.json.encode({"type": type, "timestamp": iso(notice.happened_at), "data": notice.data})
