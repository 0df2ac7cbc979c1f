"""What the events of one request have in common."""

from datetime import datetime
from typing import NamedTuple

from services.ingest.formats.segment_wire import Context
from shared.identity import Forms
from shared.ids import NewId


class Sending(NamedTuple):
    """When a request came, by what rules it is read, and what it said beside its events.

    `user_agent` is the browser's when a browser sent it, `sent_at` and `context` are a Segment batch's.
    """

    received_at: datetime
    new_id: NewId
    forms: Forms
    user_agent: str | None = None
    sent_at: datetime | None = None
    context: Context | None = None
