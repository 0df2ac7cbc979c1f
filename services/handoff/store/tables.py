"""The tables of the hand-off: webhooks, leads, deliveries and all attempts at them."""

import sqlalchemy as sa

from services.handoff.webhooks.delivery import DeliveryStatus
from shared.database.schema import Instant, Key, metadata

_json = sa.JSON(none_as_null=True)


def _child_of(parent: str) -> sa.ForeignKey:
    # The rows of a deleted webhook are deleted with it, personal data included.
    return sa.ForeignKey(parent, ondelete="CASCADE")


webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("event_types", _json, comment="null: every type"),
    sa.Column("models", _json, comment="null: every model"),
    sa.Column("status", Key, nullable=False),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("secrets", _json, nullable=False, comment="[[secret, until or null]], the newest first"),
    sa.Column("created_at", Instant, nullable=False),
)

leads = sa.Table(
    "leads",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("profile_id", Key, nullable=False),
    sa.Column("model", Key, nullable=False),
    sa.Column("status", Key, nullable=False),
    sa.Column("qualified_at", Instant, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("last_name", Key, nullable=False, comment="as it is sorted: without case and accents"),
    sa.Column("data", _json, nullable=False, comment="what subscribers are told"),
    sa.Index(None, "qualified_at", "id"),
    sa.Index(None, "model", "qualified_at", "id"),
    sa.Index(None, "status", "qualified_at", "id"),
    sa.Index(None, "profile_id", "qualified_at", "id"),
    # With the instant, so that `since` is answered from the index and not from 200,000 rows of 3 kB.
    sa.Index(None, "score", "id", "qualified_at"),
    sa.Index(None, "last_name", "id", "qualified_at"),
    sa.Index(None, "model", "score", "id", "qualified_at"),
    sa.Index(None, "model", "last_name", "id", "qualified_at"),
)

# The existing models, from the topic `matrices`: a webhook for any other model is refused.
model_names = sa.Table("model_names", metadata, sa.Column("model", Key, primary_key=True))

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", Key, primary_key=True, comment="time-ordered: the listing's order"),
    sa.Column("webhook_id", Key, _child_of("webhooks.id"), nullable=False),
    sa.Column("message_id", Key, nullable=False, comment="webhook-id: the same on every attempt and replay"),
    sa.Column("type", Key, nullable=False),
    sa.Column("lead_id", Key),
    sa.Column("body", sa.LargeBinary, nullable=False, comment="the bytes that are signed and sent"),
    sa.Column("status", Key, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, comment="in a row, since the last replay"),
    sa.Column("due_at", Instant, nullable=False, comment="next attempt; while one is under way, its lease"),
    sa.Column("leased_by", Key, comment="the worker that holds the lease"),
    sa.Column("error", sa.Text, comment="why the last attempt failed or why it is held"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("delivered_at", Instant),
    sa.UniqueConstraint("webhook_id", "message_id"),
    sa.Index(None, "webhook_id", "id"),
    sa.Index(None, "lead_id"),
)


def has_status(table: sa.FromClause, status: DeliveryStatus) -> sa.ColumnElement[bool]:
    """Return the condition that rows of `deliveries`, or of an alias of it, have a status.

    The status is a literal: with a parameter the planner could not choose a partial index.
    """
    return table.c.status == sa.literal_column(f"'{status}'")


_pending = deliveries.c.status == "pending"
sa.Index(
    "ix_deliveries_due",
    deliveries.c.webhook_id,
    deliveries.c.due_at,
    postgresql_where=_pending,
    sqlite_where=_pending,
)
_held = deliveries.c.status == "held"
sa.Index("ix_deliveries_held", deliveries.c.webhook_id, postgresql_where=_held, sqlite_where=_held)
_leased = deliveries.c.leased_by.is_not(None)
sa.Index("ix_deliveries_leased", deliveries.c.leased_by, postgresql_where=_leased, sqlite_where=_leased)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", Key, primary_key=True, comment="time-ordered"),
    sa.Column("delivery_id", Key, _child_of("deliveries.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("status", sa.Integer, comment="of the HTTP answer; null without one"),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("response", sa.Text, comment="the first 500 characters"),
    sa.Index(None, "delivery_id", "id"),
)
