"""What one event is to its subscribers: a message that is the same for all of them."""

from datetime import datetime
from typing import Any, NamedTuple


class Notice(NamedTuple):
    """A message before it has receivers.

    `message_id` becomes the header `webhook-id`, and a subscriber gets each only once. A subscription limited
    to other models than `model` does not get it. `data` holds plain JSON values.
    """

    message_id: str
    model: str | None
    lead_id: str | None
    happened_at: datetime
    data: dict[str, Any]
