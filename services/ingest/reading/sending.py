"""What the events of one request have in common."""

from datetime import datetime
from typing import Any, NamedTuple

from shared.identity import Forms
from shared.ids import NewId


class Sending(NamedTuple):
    """When a request came, the rules to read it, and what it said beside its events.

    `user_agent` is the browser's when a browser sent it. `sent_at` and `context` are what a batch says of
    all its events: the sender's clock at sending, and the rest in the format's own shape.
    """

    received_at: datetime
    new_id: NewId
    forms: Forms
    user_agent: str | None = None
    sent_at: datetime | None = None
    context: Any = None
