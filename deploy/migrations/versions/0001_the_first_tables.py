"""The first tables."""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "counts",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_counts")),
    )
    op.create_table(
        "leads",
        sa.Column("id", Key, nullable=False),
        sa.Column("profile_id", Key, nullable=False),
        sa.Column("model", Key, nullable=False),
        sa.Column("status", Key, nullable=False),
        sa.Column("qualified_at", Instant, nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False, comment="what subscribers are told"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index(
        op.f("ix_leads_model_qualified_at_id"), "leads", ["model", "qualified_at", "id"], unique=False
    )
    op.create_index(op.f("ix_leads_qualified_at_id"), "leads", ["qualified_at", "id"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("event_id", Key, nullable=False),
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("type", Key, nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("campaign", sa.Text(), nullable=True),
        sa.Column("properties", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_identity_id", "ledger", ["identity_id", "occurred_at"], unique=False)
    op.create_table(
        "models",
        sa.Column("model", Key, nullable=False),
        sa.Column("active_version", sa.Integer(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_models")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", Key, nullable=False),
        sa.Column("key", Key, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_table(
        "positions",
        sa.Column("consumer", Key, nullable=False),
        sa.Column("topic", Key, nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "profiles",
        sa.Column("id", Key, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
    )
    op.create_table(
        "standings",
        sa.Column("profile_id", Key, nullable=False),
        sa.Column("model", Key, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("lead_id", Key, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("flipped_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("profile_id", "model", "cycle", name=op.f("pk_standings")),
    )
    op.create_table(
        "traits",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("name", Key, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("event_id", Key, nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "name", "day", name=op.f("pk_traits")),
    )
    op.create_table(
        "versions",
        sa.Column("model", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("matrix", sa.Text(), nullable=False),
        sa.Column("handoff", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("activated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("model", "version", name=op.f("pk_versions")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", Key, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.JSON(none_as_null=True), nullable=True, comment="null: every type"),
        sa.Column("models", sa.JSON(none_as_null=True), nullable=True, comment="null: every model"),
        sa.Column("status", Key, nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column(
            "secrets",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="[[secret, until or null]], the newest first",
        ),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", Key, nullable=False, comment="time-ordered: the listing's order"),
        sa.Column("webhook_id", Key, nullable=False),
        sa.Column(
            "message_id", Key, nullable=False, comment="webhook-id: the same on every attempt and replay"
        ),
        sa.Column("type", Key, nullable=False),
        sa.Column("lead_id", Key, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the bytes that are signed and sent"),
        sa.Column("status", Key, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, comment="in a row, since the last replay"),
        sa.Column(
            "due_at", Instant, nullable=False, comment="next attempt; while one is under way, its lease"
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last attempt failed or why it is held"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("delivered_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook_id", "message_id", name=op.f("uq_deliveries_webhook_id_message_id")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["webhook_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_index(op.f("ix_deliveries_lead_id"), "deliveries", ["lead_id"], unique=False)
    op.create_index(op.f("ix_deliveries_webhook_id_id"), "deliveries", ["webhook_id", "id"], unique=False)
    op.create_table(
        "identities",
        sa.Column("id", Key, nullable=False),
        sa.Column("kind", Key, nullable=False),
        sa.Column("value", Key, nullable=False),
        sa.Column("profile_id", Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["profile_id"],
            ["profiles.id"],
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_profile_id"), "identities", ["profile_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", Key, nullable=False, comment="time-ordered"),
        sa.Column("delivery_id", Key, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the HTTP answer; null without one"),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True, comment="the first 500 characters"),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_delivery_id_id"), "attempts", ["delivery_id", "id"], unique=False)


def downgrade() -> None:
    """Take back."""
    for table in (
        "attempts",
        "identities",
        "deliveries",
        "webhooks",
        "versions",
        "traits",
        "standings",
        "profiles",
        "positions",
        "outbox",
        "models",
        "ledger",
        "leads",
        "counts",
    ):
        op.drop_table(table)
