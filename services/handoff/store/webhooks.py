"""Webhooks as rows."""

from collections.abc import Sequence

import sqlalchemy as sa

from services.handoff.store.stored_webhook import row_of, stored, webhook_of
from services.handoff.store.tables import deliveries, has_status, webhooks
from services.handoff.webhooks.delivery import DISABLED
from services.handoff.webhooks.webhook import Webhook
from shared.database import quick
from shared.errors import NotFound


def insert(connection: sa.Connection, webhook: Webhook) -> None:
    """Store a new webhook."""
    connection.execute(sa.insert(webhooks).values(row_of(webhook)))


def save(connection: sa.Connection, webhook: Webhook) -> None:
    """Overwrite a webhook; if it is disabled now, its open deliveries are held."""
    row = row_of(webhook)
    connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook.id).values(row))
    hold_disabled(connection, [webhook.id])


def get(connection: sa.Connection, webhook_id: str, *, lock: bool = False) -> Webhook:
    """Return a webhook, with `lock` locked until the transaction ends; raises NotFound."""
    query = stored.where(webhooks.c.id == webhook_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("webhook_unknown", f"There is no webhook {webhook_id}.")
    return webhook_of(row)


def page(connection: sa.Connection, *, before: str | None, limit: int) -> list[Webhook]:
    """Return webhooks, the newest first, beginning after the id `before`."""
    query = stored.order_by(webhooks.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(webhooks.c.id < before)
    return [webhook_of(row) for row in connection.execute(query).mappings()]


def subscribers(connection: sa.Connection) -> list[Webhook]:
    """Return all webhooks, locked against change and removal until the transaction ends."""
    rows = quick.rows(connection, _SUBSCRIBERS, {})
    return [webhook_of(dict(zip(webhooks.c.keys(), row, strict=True))) for row in rows]


_SUBSCRIBERS = stored.order_by(webhooks.c.id).with_for_update(read=True)


def delete(connection: sa.Connection, webhook_id: str) -> None:
    """Remove a webhook with its deliveries and attempts, if it exists."""
    connection.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))


def disable(connection: sa.Connection, webhook_ids: Sequence[str], reason: str) -> None:
    """Disable webhooks, with a reason for their owners to read."""
    connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id.in_(webhook_ids))
        .values(status="disabled", disabled_reason=reason)
    )


def hold_disabled(connection: sa.Connection, webhook_ids: Sequence[str]) -> None:
    """Hold the open deliveries of those webhooks that are disabled."""
    disabled = sa.select(webhooks.c.id).where(webhooks.c.id.in_(webhook_ids), webhooks.c.status == "disabled")
    connection.execute(
        sa.update(deliveries)
        .where(has_status(deliveries, "pending"), deliveries.c.webhook_id.in_(disabled))
        .values(status="held", error=sa.func.coalesce(deliveries.c.error, DISABLED))
    )
