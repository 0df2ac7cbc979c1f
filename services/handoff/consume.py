"""From the log to work: each new lead is stored with one delivery for every subscriber that wants it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.handoff.event_types import LEAD_QUALIFIED
from services.handoff.lead import lead_data
from services.handoff.payload import body_of
from services.handoff.store import webhooks
from services.handoff.store.deliveries import owed_row
from services.handoff.store.leads import insert_unseen
from services.handoff.tables import deliveries
from shared.clock import Clock
from shared.database.bulk import insert_new
from shared.events import LeadQualified, decode
from shared.following import Summary
from shared.ids import NewId
from shared.log.port import Message


class LeadIntake:
    """Applies the messages of the topic `leads`.

    The log may tell of a lead twice; a lead that is known makes no second delivery.
    """

    def __init__(self, *, clock: Clock, new_id: NewId) -> None:
        self._clock = clock
        self._new_id = new_id

    async def apply(self, connection: AsyncConnection, messages: Sequence[Message]) -> Summary:
        """Store new leads and what is owed for them as part of the caller's transaction."""
        events = [event for m in messages if isinstance(event := decode(m.value), LeadQualified)]
        told = {event.lead_id: (event, lead_data(event)) for event in events}
        new = await insert_unseen(connection, list(told.values()))
        subscribers = await webhooks.subscribers(connection) if new else []
        now = self._clock.now()
        rows = [
            owed_row(
                webhook,
                id=self._new_id(),
                message_id=event.id,
                type=LEAD_QUALIFIED,
                lead_id=lead_id,
                body=body,
                at=now,
            )
            for lead_id, (event, data) in told.items()
            if lead_id in new
            for body in [body_of(LEAD_QUALIFIED, event.qualified_at, data)]
            for webhook in subscribers
            if webhook.wants(LEAD_QUALIFIED, event.model)
        ]
        owed = await insert_new(connection, deliveries, "id", rows)
        return {"leads": len(new), "deliveries": len(owed)}
