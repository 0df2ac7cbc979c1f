"""A test message, to check that an endpoint is reached."""

from datetime import datetime
from typing import NamedTuple

from services.handoff.payload.notice import Notice


class WebhookTest(NamedTuple):
    """A request for a test message at an instant; the message is the delivery with this id."""

    webhook_id: str
    delivery_id: str
    requested_at: datetime


def notice_of_test(request: WebhookTest) -> Notice:
    """Return the notice of a test message."""
    return Notice(
        message_id=f"test_{request.delivery_id}",
        model=None,
        lead_id=None,
        happened_at=request.requested_at,
        data={
            "webhook_id": request.webhook_id,
            "message": "This is a test message: it reached the endpoint of this webhook.",
        },
    )
