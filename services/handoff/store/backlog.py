"""The backlog of each endpoint, for the metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from services.handoff.store.tables import deliveries, has_status, webhooks
from services.handoff.webhooks.delivery import DeliveryStatus
from shared.database.schema import Instant


@dataclass(frozen=True, kw_only=True)
class EndpointBacklog:
    """The open deliveries of one webhook; `due_at` is when the first pending one becomes or became due."""

    webhook_id: str
    pending: int
    held: int
    due_at: datetime | None


def backlogs(connection: sa.Connection) -> Sequence[EndpointBacklog]:
    """Return the backlog of every webhook."""
    return [
        EndpointBacklog(webhook_id=row.id, pending=row.pending, held=row.held, due_at=row.due_at)
        for row in connection.execute(_backlogs)
    ]


def _of_webhook(
    aggregate: sa.ColumnElement[int] | sa.ColumnElement[datetime], status: DeliveryStatus
) -> sa.ScalarSelect[object]:
    # Each subquery is answered from a partial index alone: ix_deliveries_due and ix_deliveries_held.
    same_webhook = deliveries.c.webhook_id == webhooks.c.id
    return (
        sa.select(aggregate)
        .select_from(deliveries)
        .where(same_webhook, has_status(deliveries, status))
        .correlate(webhooks)
        .scalar_subquery()
    )


_backlogs = sa.select(
    webhooks.c.id,
    _of_webhook(sa.func.count(), "pending").label("pending"),
    _of_webhook(sa.func.count(), "held").label("held"),
    sa.type_coerce(_of_webhook(sa.func.min(deliveries.c.due_at), "pending"), Instant).label("due_at"),
).order_by(webhooks.c.id)
