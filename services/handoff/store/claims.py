"""Claiming due deliveries, each under a lease.

A claim moves `due_at` to the end of the lease, so a delivery whose worker died or froze becomes due again by
itself, and two workers never send the same one at once.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.handoff.store.stored_webhook import as_text, secrets_of
from services.handoff.store.tables import deliveries, has_status, webhooks
from services.handoff.store.webhooks import disable, hold_disabled
from services.handoff.webhooks.bulkhead import MAX_WIDTH
from services.handoff.webhooks.delivery import UNSIGNABLE, Prepared
from services.handoff.webhooks.webhook import signing
from shared.database import bulk, quick
from shared.database.schema import Instant


class Claimed(NamedTuple):
    """The deliveries that were leased.

    `more`: another claim at once may find more. `left`: another claim may, once attempts have ended.
    """

    deliveries: Sequence[Prepared]
    more: bool
    more_later: bool


def claim(
    connection: sa.Connection,
    *,
    now: datetime,
    lease: datetime,
    worker: str | None,
    limit: int,
    full: Sequence[str],
    choose: Callable[[Iterable[str]], Sequence[bool]],
) -> Claimed:
    """Lease up to `limit` due deliveries of active endpoints that are not `full`.

    The endpoints take turns, each with its longest-due deliveries: the backlog of a failing endpoint must not
    fill the limit every time while others wait.
    `choose` gets the endpoints of the due deliveries and returns which have a slot. A webhook
    without a readable secret is disabled, since nothing is ever sent unsigned.
    """
    parameters = {"now": now, "full": list(full), "limit": limit}
    rows = [_DueDelivery(*row) for row in quick.rows(connection, _due_query(connection), parameters)]
    has_slot = choose([row.webhook_id for row in rows])
    chosen = [
        Prepared(
            id=row.id,
            webhook_id=row.webhook_id,
            message_id=row.message_id,
            type=row.type,
            url=row.url,
            body=row.body,
            secrets=signing(secrets_of(row.secrets), now),
            failures=row.failures,
            lease=lease,
            worker=worker,
        )
        for row, is_chosen in zip(rows, has_slot, strict=True)
        if is_chosen
    ]
    claimed = [delivery for delivery in chosen if delivery.secrets]
    if claimed:
        leased = {"ids": [delivery.id for delivery in claimed], "lease": lease, "worker": worker}
        quick.changed(connection, _lease(connection), leased)
    if unsigned := sorted({delivery.webhook_id for delivery in chosen if not delivery.secrets}):
        disable(connection, unsigned, UNSIGNABLE)
        hold_disabled(connection, unsigned)
    more = len(rows) == limit
    crowded = MAX_WIDTH in Counter(row.webhook_id for row in rows).values()
    return Claimed(claimed, more, more_later=more or crowded or bool(full) or not all(has_slot))


class _DueDelivery(NamedTuple):
    """A delivery that is due, with the URL and the secrets of its endpoint."""

    id: str
    webhook_id: str
    message_id: str
    type: str
    body: bytes
    failures: int
    due_at: datetime
    url: str
    secrets: str


@bulk.built_once
def _lease(on_postgresql: bool) -> sa.Update:
    return (
        sa.update(deliveries)
        .where(bulk.among(on_postgresql, deliveries.c.id, "ids"))
        .values(due_at=sa.bindparam("lease"), leased_by=sa.bindparam("worker"))
    )


_COLUMNS = ("id", "webhook_id", "message_id", "type", "body", "failures", "due_at")
_ENDPOINT_COLUMNS = (webhooks.c.url, as_text(webhooks.c.secrets))


def _is_open(on_postgresql: bool) -> sa.ColumnElement[bool]:
    full = bulk.among(on_postgresql, webhooks.c.id, "full")
    return sa.and_(webhooks.c.status == "active", ~full)


def _first_due(table: sa.FromClause) -> sa.Select[Any]:
    """Select the first due rows of one endpoint: up to a limit per endpoint, whatever the others have."""
    return (
        sa.select(*(table.c[name] for name in _COLUMNS))
        .where(
            table.c.webhook_id == webhooks.c.id,
            has_status(table, "pending"),
            table.c.due_at <= sa.bindparam("now", type_=Instant),
        )
        .order_by(table.c.due_at)
        .limit(MAX_WIDTH)
        .correlate(webhooks)
    )


def _turn(due: sa.FromClause) -> sa.ColumnElement[int]:
    # By the id in `webhooks`: otherwise SQLite would begin with the deliveries, and scan all of them.
    return sa.func.row_number().over(partition_by=webhooks.c.id, order_by=due.c.due_at)


def _on_postgresql() -> sa.Select[Any]:
    # Rows that another worker is claiming at this moment are skipped before the limit is counted.
    due = _first_due(deliveries).with_for_update(skip_locked=True).lateral("due")
    return (
        sa.select(due, *_ENDPOINT_COLUMNS)
        .select_from(webhooks.join(due, sa.true()))
        .where(_is_open(on_postgresql=True))
        .order_by(_turn(due), due.c.due_at)
        .limit(sa.bindparam("limit"))
    )


def _on_sqlite() -> sa.Select[Any]:
    # SQLite has no lateral joins, and no need to skip: the lock of its one writer keeps other workers away.
    first = _first_due(deliveries.alias("first")).with_only_columns(sa.column("id"))
    return (
        sa.select(*(deliveries.c[name] for name in _COLUMNS), *_ENDPOINT_COLUMNS)
        .select_from(webhooks.join(deliveries, deliveries.c.id.in_(first)))
        .where(_is_open(on_postgresql=False))
        .order_by(_turn(deliveries), deliveries.c.due_at)
        .limit(sa.bindparam("limit"))
    )


@bulk.built_once
def _due_query(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    return _on_postgresql() if on_postgresql else _on_sqlite()
