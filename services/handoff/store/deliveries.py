"""Deliveries as rows: inserted, listed and replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.handoff.payload.notice import Notice
from services.handoff.store.tables import attempts, deliveries
from services.handoff.webhooks.delivery import DISABLED, DeliveryStatus
from services.handoff.webhooks.webhook import Webhook
from shared.database.bulk import any_of, insert_new


def delivery_row(
    webhook: Webhook,
    *,
    id: str,
    type: str,
    notice: Notice,
    body: bytes,
    at: datetime,
) -> dict[str, Any]:
    """Return the row of a new delivery: due at once, or held while the webhook is disabled."""
    active = webhook.status == "active"
    return {
        "id": id,
        "webhook_id": webhook.id,
        "message_id": notice.message_id,
        "type": type,
        "lead_id": notice.lead_id,
        "body": body,
        "status": "pending" if active else "held",
        "failures": 0,
        "due_at": at,
        "error": None if active else DISABLED,
        "created_at": at,
    }


def insert(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Store new deliveries and return how many; a webhook has one for each message."""
    return len(insert_new(connection, deliveries, "id", rows))


@dataclass(frozen=True)
class ReplaySelection:
    """Selects deliveries of a webhook; a condition of None selects all."""

    webhook_id: str
    status: DeliveryStatus | None = None
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[str] | None = None


def replay(connection: sa.Connection, selection: ReplaySelection, now: datetime) -> int:
    """Make the selected deliveries due at once with a new schedule and return their number.

    Pending deliveries are under way already and stay as they are.
    """
    conditions = [deliveries.c.webhook_id == selection.webhook_id, deliveries.c.status != "pending"]
    if selection.status is not None:
        conditions.append(deliveries.c.status == selection.status)
    if selection.since is not None:
        conditions.append(deliveries.c.created_at >= selection.since)
    if selection.until is not None:
        conditions.append(deliveries.c.created_at < selection.until)
    if selection.ids is not None:
        conditions.append(any_of(connection, deliveries.c.id, selection.ids))
    update = (
        sa.update(deliveries)
        .where(*conditions)
        .values(status="pending", failures=0, due_at=now, leased_by=None, error=None, delivered_at=None)
    )
    return connection.execute(update).rowcount


def among(connection: sa.Connection, webhook_id: str, delivery_ids: Sequence[str]) -> set[str]:
    """Return which of these ids are deliveries of a webhook."""
    if not delivery_ids:
        return set()
    of_these = any_of(connection, deliveries.c.id, delivery_ids)
    query = sa.select(deliveries.c.id).where(deliveries.c.webhook_id == webhook_id, of_these)
    return set(connection.execute(query).scalars())


def page(
    connection: sa.Connection,
    webhook_id: str,
    *,
    status: DeliveryStatus | None,
    before: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return a webhook's deliveries with their attempts, the newest first, from an id on."""
    query = _listed.where(deliveries.c.webhook_id == webhook_id).limit(limit)
    if status is not None:
        query = query.where(deliveries.c.status == status)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return _with_attempts(connection, query)


def of_lead(connection: sa.Connection, lead_id: str) -> list[dict[str, Any]]:
    """Return all deliveries about a lead with their attempts, the newest first."""
    return _with_attempts(connection, _listed.where(deliveries.c.lead_id == lead_id))


def get(connection: sa.Connection, delivery_id: str) -> dict[str, Any]:
    """Return one delivery, which must exist, with its attempts."""
    return _with_attempts(connection, _listed.where(deliveries.c.id == delivery_id))[0]


# All columns except the bodies, which are large and equal to the lead's data.
_SHOWN = tuple(column for column in deliveries.c if column.name != "body")
_listed = sa.select(*_SHOWN).order_by(deliveries.c.id.desc())
_ATTEMPT_COLUMNS = tuple(attempts.c[name] for name in ("at", "status", "milliseconds", "error", "response"))


def _with_attempts(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    # One statement, so one snapshot: a state is never shown without the attempt that led to it.
    listed = query.subquery()
    joined = (
        sa.select(listed, *(column.label(f"attempt_{column.name}") for column in _ATTEMPT_COLUMNS))
        .select_from(listed.outerjoin(attempts, attempts.c.delivery_id == listed.c.id))
        .order_by(listed.c.id.desc(), attempts.c.id)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in connection.execute(joined).mappings():
        delivery = {column.name: row[column.name] for column in _SHOWN} | {"attempts": []}
        delivery = found.setdefault(row["id"], delivery)
        if row["attempt_at"] is not None:
            delivery["attempts"].append(
                {column.name: row[f"attempt_{column.name}"] for column in _ATTEMPT_COLUMNS}
            )
    return list(found.values())
