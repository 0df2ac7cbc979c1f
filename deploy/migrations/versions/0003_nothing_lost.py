"""Nothing lost: which log a position belongs to, who holds a lease, what names were seen, what was parked."""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LOG_ID = "of the log that the offset belongs to; null before it was kept"
_LAST_CHECKSUM = "CRC-32 of the value at next_offset - 1"
_LEASED_BY = "the worker whose attempt is under way"
_REFUSED_BY = "ingest, or the consumer group that parked it"
_FORM = "of a property's or trait's values; '' for types"
_SOURCE = "the path it came in by, or topic/partition/offset"
_LETTER = "the event as it stands on the log"
_REPLAYED_AT = "null: open"


def upgrade() -> None:
    """Apply."""
    op.add_column("positions", sa.Column("log_id", Key, nullable=True, comment=_LOG_ID))
    op.add_column(
        "positions", sa.Column("last_checksum", sa.BigInteger(), nullable=True, comment=_LAST_CHECKSUM)
    )
    op.add_column("deliveries", sa.Column("leased_by", Key, nullable=True, comment=_LEASED_BY))
    held = sa.text("status = 'held'")
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["webhook_id"],
        unique=False,
        postgresql_where=held,
        sqlite_where=held,
    )
    op.create_table(
        "seen_names",
        sa.Column("kind", Key, nullable=False, comment="type, property, trait"),
        sa.Column("name", Key, nullable=False),
        sa.Column("form", Key, nullable=False, comment=_FORM),
        sa.PrimaryKeyConstraint("kind", "name", "form", name=op.f("pk_seen_names")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", Key, nullable=False),
        sa.Column("code", Key, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("refused_at", Instant, nullable=False),
        sa.Column("refused_by", Key, nullable=False, comment=_REFUSED_BY),
        sa.Column("source", sa.Text(), nullable=True, comment=_SOURCE),
        sa.Column("letter", sa.LargeBinary(), nullable=False, comment=_LETTER),
        sa.Column("replayed_at", Instant, nullable=True, comment=_REPLAYED_AT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
    )
    is_open, is_replayed = sa.text("replayed_at IS NULL"), sa.text("replayed_at IS NOT NULL")
    for name, columns, where in (
        ("ix_dead_letters_open_by_group", ["refused_by", "refused_at", "id", "code"], is_open),
        ("ix_dead_letters_open", ["refused_at", "id"], is_open),
        ("ix_dead_letters_replayed", ["refused_at", "id"], is_replayed),
    ):
        op.create_index(
            name, "dead_letters", columns, unique=False, postgresql_where=where, sqlite_where=where
        )


def downgrade() -> None:
    """Take back."""
    op.drop_table("dead_letters")
    op.drop_table("seen_names")
    op.drop_index("ix_deliveries_held", table_name="deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("leased_by")
    with op.batch_alter_table("positions") as table:
        table.drop_column("last_checksum")
        table.drop_column("log_id")
