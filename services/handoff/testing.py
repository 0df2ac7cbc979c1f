"""A test message, which a subscriber asks for to see that its endpoint is reached."""

from datetime import datetime
from typing import NamedTuple

from services.handoff.notice import Notice


class WebhookTest(NamedTuple):
    """A subscriber asked for a test message at an instant; the message is the delivery with this id."""

    webhook_id: str
    delivery_id: str
    asked_at: datetime


def notice_of_test(asked: WebhookTest) -> Notice:
    """Return the test message that was asked for."""
    return Notice(
        message_id=f"test_{asked.delivery_id}",
        model=None,
        lead_id=None,
        happened_at=asked.asked_at,
        data={
            "webhook_id": asked.webhook_id,
            "message": "This is a test: the subscription can be reached.",
        },
    )
