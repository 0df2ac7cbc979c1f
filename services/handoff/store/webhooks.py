"""Subscriptions as rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.handoff.delivery import DISABLED
from services.handoff.tables import deliveries, webhooks
from services.handoff.webhook import Secret, Webhook
from shared.errors import NotFound


async def insert(connection: AsyncConnection, webhook: Webhook) -> None:
    """Store a new subscription."""
    await connection.execute(sa.insert(webhooks).values(_row(webhook)))


async def save(connection: AsyncConnection, webhook: Webhook) -> None:
    """Overwrite a subscription; when it is disabled, what it is still owed is held."""
    row = _row(webhook)
    await connection.execute(sa.update(webhooks).where(webhooks.c.id == webhook.id).values(row))
    await hold_disabled(connection, [webhook.id])


async def get(connection: AsyncConnection, webhook_id: str, *, lock: bool = False) -> Webhook:
    """Return a subscription, with `lock` for the rest of the transaction; raises NotFound."""
    query = sa.select(webhooks).where(webhooks.c.id == webhook_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    if row is None:
        raise NotFound("webhook_not_found", f"There is no webhook {webhook_id}.")
    return _webhook(row)


async def page(connection: AsyncConnection, *, before: str | None, limit: int) -> list[Webhook]:
    """Return subscriptions, the newest first, from the one before an id on."""
    query = sa.select(webhooks).order_by(webhooks.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(webhooks.c.id < before)
    return [_webhook(row) for row in (await connection.execute(query)).mappings()]


async def subscribers(connection: AsyncConnection) -> list[Webhook]:
    """Return all subscriptions, none of which can change or go before this transaction ends."""
    query = sa.select(webhooks).order_by(webhooks.c.id).with_for_update(read=True)
    return [_webhook(row) for row in (await connection.execute(query)).mappings()]


async def delete(connection: AsyncConnection, webhook_id: str) -> None:
    """Remove a subscription with its deliveries and attempts, if it is there."""
    await connection.execute(sa.delete(webhooks).where(webhooks.c.id == webhook_id))


async def disable(connection: AsyncConnection, webhook_ids: Sequence[str], reason: str) -> None:
    """Disable subscriptions for a reason that their owner can read."""
    await connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id.in_(webhook_ids))
        .values(status="disabled", disabled_reason=reason)
    )


async def hold_disabled(connection: AsyncConnection, webhook_ids: Sequence[str]) -> None:
    """Hold what those of the subscriptions that are disabled are still owed."""
    disabled = sa.select(webhooks.c.id).where(webhooks.c.id.in_(webhook_ids), webhooks.c.status == "disabled")
    await connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.status == "pending", deliveries.c.webhook_id.in_(disabled))
        .values(status="held", error=sa.func.coalesce(deliveries.c.error, DISABLED))
    )


def secrets_of(stored: Sequence[Sequence[str | None]]) -> tuple[Secret, ...]:
    """Read the column `secrets`."""
    return tuple(
        Secret(str(value), datetime.fromisoformat(until) if until else None) for value, until in stored
    )


def _row(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "event_types": webhook.event_types,
        "models": webhook.models,
        "status": webhook.status,
        "disabled_reason": webhook.disabled_reason,
        "secrets": [
            [secret.value, secret.until.isoformat() if secret.until else None] for secret in webhook.secrets
        ],
        "created_at": webhook.created_at,
    }


def _webhook(row: sa.RowMapping) -> Webhook:
    return Webhook(
        id=row["id"],
        url=row["url"],
        event_types=tuple(row["event_types"]) if row["event_types"] is not None else None,
        models=tuple(row["models"]) if row["models"] is not None else None,
        status=row["status"],
        disabled_reason=row["disabled_reason"],
        secrets=secrets_of(row["secrets"]),
        created_at=row["created_at"],
    )
