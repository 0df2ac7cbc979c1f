"""The body of a webhook: `{"type","timestamp","data"}`, encoded once and sent as those very bytes."""

from datetime import datetime
from typing import Any

import msgspec

from services.handoff.event_types import EventType
from services.handoff.lead import iso


def body_of(type: EventType, happened_at: datetime, data: dict[str, Any]) -> bytes:
    """Return the body's bytes; its timestamp is when the event happened, not when it is sent."""
    return msgspec.json.encode({"type": type, "timestamp": iso(happened_at), "data": data})


def sample_data(webhook_id: str) -> dict[str, Any]:
    """Return the `data` of a test message."""
    return {"webhook_id": webhook_id, "message": "This is a test: the subscription can be reached."}
