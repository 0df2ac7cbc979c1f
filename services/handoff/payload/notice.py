"""The notice of an event: the message that is the same for all its webhooks."""

from datetime import datetime
from typing import Any, NamedTuple


class Notice(NamedTuple):
    """A message without its receivers.

    `message_id` becomes the header `webhook-id`; a webhook gets each only once. A webhook limited to other
    models than `model` does not get it. `data` has plain JSON values.
    """

    message_id: str
    model: str | None
    lead_id: str | None
    happened_at: datetime
    data: dict[str, Any]
