"""Recording the results of attempts.

The lease (its end and its worker) is the token that a result must present: an attempt that comes back late,
after the delivery was claimed again, taken over, replayed or deleted, changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.handoff.store.tables import attempts, deliveries
from services.handoff.store.webhooks import disable, hold_disabled
from services.handoff.webhooks.delivery import (
    Decided,
    Delivered,
    EndpointAnswer,
    Prepared,
    Rejected,
    Result,
    Unreachable,
)
from shared.database import bulk, quick


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One HTTP try at a delivery, and the resulting state of the delivery."""

    id: str
    delivery: Prepared
    at: datetime
    milliseconds: int
    result: Result
    decided: Decided


def record(connection: sa.Connection, finished: Sequence[Attempt]) -> None:
    """Store the attempts and the next state of their deliveries, as far as their leases are still valid."""
    if not finished:
        return
    rows = quick.rows(
        connection, _locked_leases(connection), {"ids": [attempt.delivery.id for attempt in finished]}
    )
    leases = {delivery_id: (due_at, leased_by) for delivery_id, due_at, leased_by in rows}
    ours = [attempt for attempt in finished if leases.get(attempt.delivery.id) == _lease(attempt.delivery)]
    if not ours:
        return
    quick.written(connection, _UPDATE, [_next_state(attempt) for attempt in ours])
    quick.written(connection, _INSERT, [_row(attempt) for attempt in ours])
    to_disable = {
        (a.delivery.webhook_id, a.decided.error)
        for a in ours
        if isinstance(a.decided, Rejected) and a.decided.disables
    }
    for webhook_id, reason in sorted(to_disable):
        disable(connection, [webhook_id], reason)
    failed = {a.delivery.webhook_id for a in ours if not isinstance(a.decided, Delivered)}
    if failed:
        # Also when another request has disabled the webhook while this attempt was under way.
        hold_disabled(connection, sorted(failed))


@bulk.built_once
def _locked_leases(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(deliveries.c.id, deliveries.c.due_at, deliveries.c.leased_by)
        .where(bulk.among(on_postgresql, deliveries.c.id, "ids"))
        .order_by(deliveries.c.id)
        .with_for_update()
    )


_INSERT = sa.insert(attempts)
_UPDATE = (
    sa.update(deliveries)
    .where(deliveries.c.id == sa.bindparam("delivery_id"))
    .values(
        {
            name: sa.bindparam(f"next_{name}")
            for name in ("status", "failures", "due_at", "error", "delivered_at")
        }
        | {"leased_by": None}
    )
)


def _lease(delivery: Prepared) -> tuple[datetime, str | None]:
    return delivery.lease, delivery.worker


def _next_state(attempt: Attempt) -> dict[str, Any]:
    delivery = attempt.delivery
    match attempt.decided:
        case Delivered(at=at):
            status, failures, due_at, error, delivered_at = "delivered", 0, at, None, at
        case Rejected(error=error, retry_at=retry_at) | Unreachable(error=error, retry_at=retry_at):
            status = "held" if retry_at is None else "pending"
            failures, due_at, delivered_at = delivery.failures + 1, retry_at or attempt.at, None
    return {
        "delivery_id": delivery.id,
        "next_status": status,
        "next_failures": failures,
        "next_due_at": due_at,
        "next_error": error,
        "next_delivered_at": delivered_at,
    }


def _row(attempt: Attempt) -> dict[str, Any]:
    answer = attempt.result if isinstance(attempt.result, EndpointAnswer) else None
    return {
        "id": attempt.id,
        "delivery_id": attempt.delivery.id,
        "at": attempt.at,
        "status": answer.status if answer else None,
        "milliseconds": attempt.milliseconds,
        "error": None if isinstance(attempt.decided, Delivered) else attempt.decided.error,
        "response": answer.excerpt if answer else None,
    }
