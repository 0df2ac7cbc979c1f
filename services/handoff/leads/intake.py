"""From the log to deliveries: an event becomes one delivery for each webhook that wants its type."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection

from services.handoff.payload.body import body_of
from services.handoff.payload.notice import Notice
from services.handoff.payload.types import BY_EVENT, EventType
from services.handoff.store import deliveries, webhooks
from services.handoff.store.deliveries import delivery_row
from services.handoff.store.leads import insert_unseen
from services.handoff.webhooks.webhook import Webhook
from shared.errors import Poison
from shared.events import Event, LeadQualified, decode
from shared.following.follower import Summary
from shared.ids import NewId
from shared.log.port import Message
from shared.process.clock import Clock
from shared.process.telemetry import FLIPS


class _News(NamedTuple):
    """An event with the entry of its type and its notice."""

    event: Event
    type: EventType[Any]
    notice: Notice


class LeadIntake:
    """Applies the messages of the topic `leads`.

    The log may repeat an event. A stored lead makes no second delivery, not even for a webhook created since.
    Other events are not stored; for them the unique message id per webhook prevents a second delivery.
    """

    def __init__(self, *, clock: Clock, new_id: NewId) -> None:
        self._clock = clock
        self._new_id = new_id

    def apply(self, connection: Connection, messages: Sequence[Message]) -> Summary:
        """Store new leads and the deliveries of the events as part of the caller's transaction.

        Raises Poison for an event that no webhook type has.
        """
        news = _without_stored_leads(connection, [_news(decode(message.value)) for message in messages])
        subscribers = webhooks.subscribers(connection) if news else []
        inserted = deliveries.insert(connection, self._rows(news, subscribers))
        flips = Counter(each.event.model for each in news if isinstance(each.event, LeadQualified))
        return {"leads": flips.total(), "deliveries": inserted, "flips": dict(flips)}

    def _rows(self, news: Iterable[_News], subscribers: Sequence[Webhook]) -> list[dict[str, Any]]:
        now = self._clock.now()
        return [
            delivery_row(webhook, id=self._new_id(), type=type_.name, notice=notice, body=body, at=now)
            for _, type_, notice in news
            if (wanting := [each for each in subscribers if each.wants(type_, notice.model)])
            for body in [body_of(type_.name, notice)]
            for webhook in wanting
        ]


def count_flips(summary: Summary) -> None:
    """Count the new leads of a batch that has committed, given the summary of `apply`.

    The hand-off stores every lead once, whichever part of scoring made it. So neither a batch that is rolled
    back nor a repeated lead changes the count.
    """
    for model, number in cast("Mapping[str, int]", summary["flips"]).items():
        FLIPS.labels(model).inc(number)


def _news(event: Event) -> _News:
    if (type_ := BY_EVENT.get(type(event))) is None:
        raise Poison("unexpected_event", f"{type(event).__name__} does not belong on this topic.")
    return _News(event, type_, type_.notice(event))


def _without_stored_leads(connection: Connection, news: Sequence[_News]) -> list[_News]:
    """Store the new leads; return the news, each once, without leads that were stored before."""
    leads: dict[str, tuple[LeadQualified, _News]] = {}
    other_events: dict[str, _News] = {}
    for each in news:
        match each.event:
            case LeadQualified() as lead:
                leads[lead.lead_id] = (lead, each)
            case event:
                other_events[event.id] = each
    new = insert_unseen(connection, [(lead, each.notice.data) for lead, each in leads.values()])
    return [*(each for lead_id, (_, each) in leads.items() if lead_id in new), *other_events.values()]
