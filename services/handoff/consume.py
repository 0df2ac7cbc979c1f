"""From the log to work: what is new is owed to every subscriber that wants it, as one delivery each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection

from services.handoff.event_types import LEAD_QUALIFIED, STAGE_CHANGED, EventType
from services.handoff.lead import lead_data
from services.handoff.payload import body_of
from services.handoff.stage import stage_data
from services.handoff.store import webhooks
from services.handoff.store.deliveries import owed_row
from services.handoff.store.leads import insert_unseen
from services.handoff.tables import deliveries
from services.handoff.webhook import Webhook
from shared.clock import Clock
from shared.database.bulk import insert_new
from shared.events import Event, LeadQualified, StageChanged, decode
from shared.following import Summary
from shared.ids import NewId
from shared.log.port import Message
from shared.telemetry import FLIPS


class _Notice(NamedTuple):
    """What subscribers are to be told of one event; `message_id` is the event's id."""

    message_id: str
    type: EventType
    model: str
    lead_id: str | None
    happened_at: datetime
    data: dict[str, Any]


class LeadIntake:
    """Applies the messages of the topic `leads`.

    The log may tell of an event twice. A lead that is known makes no second delivery, not even to those who
    subscribed since; a change of stage is not kept, so it is the delivery that is made once for a subscriber.
    """

    def __init__(self, *, clock: Clock, new_id: NewId) -> None:
        self._clock = clock
        self._new_id = new_id

    def apply(self, connection: Connection, messages: Sequence[Message]) -> Summary:
        """Store new leads and what is owed for the events as part of the caller's transaction."""
        events = [decode(message.value) for message in messages]
        new_leads = _new_leads(connection, events)
        notices = [*new_leads, *_stage_changes(events)]
        subscribers = webhooks.subscribers(connection) if notices else []
        owed = insert_new(connection, deliveries, "id", self._rows(notices, subscribers))
        by_model = Counter(notice.model for notice in new_leads)
        return {"leads": len(new_leads), "deliveries": len(owed), "flips": dict(by_model)}

    def _rows(self, notices: Iterable[_Notice], subscribers: Sequence[Webhook]) -> list[dict[str, Any]]:
        now = self._clock.now()
        return [
            owed_row(
                webhook,
                id=self._new_id(),
                message_id=notice.message_id,
                type=notice.type,
                lead_id=notice.lead_id,
                body=body,
                at=now,
            )
            for notice in notices
            if (wanting := [each for each in subscribers if each.wants(notice.type, notice.model)])
            for body in [body_of(notice.type, notice.happened_at, notice.data)]
            for webhook in wanting
        ]


def count_flips(summary: Summary) -> None:
    """Count the new leads of a batch that has committed, given the summary of `apply`.

    The hand-off stores every lead once, whatever part of scoring made it. So neither a batch that is rolled
    back nor a lead that the log repeats changes the count.
    """
    for model, number in cast("Mapping[str, int]", summary["flips"]).items():
        FLIPS.labels(model).inc(number)


def _new_leads(connection: Connection, events: Iterable[Event]) -> list[_Notice]:
    """Store the leads that are not known yet and return what is to be told of these."""
    qualified = (event for event in events if isinstance(event, LeadQualified))
    told = {event.lead_id: (event, lead_data(event)) for event in qualified}
    new = insert_unseen(connection, list(told.values()))
    return [
        _Notice(event.id, LEAD_QUALIFIED, event.model, lead_id, event.qualified_at, data)
        for lead_id, (event, data) in told.items()
        if lead_id in new
    ]


def _stage_changes(events: Iterable[Event]) -> list[_Notice]:
    changes = {event.id: event for event in events if isinstance(event, StageChanged)}
    return [
        _Notice(event.id, STAGE_CHANGED, event.model, None, event.changed_at, stage_data(event))
        for event in changes.values()
    ]
