"""Folds: by which fold tables were built, and the ids that identities had under other normal forms."""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Key

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_CARRIED = "by a renewal of the tables: no lead tells of it, but what they did was part of the flip"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "folds",
        sa.Column("projection", Key, nullable=False, comment="scoring"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("forms", Key, nullable=False, comment="the fingerprint of the rules of normal forms"),
        sa.Column("limits", Key, nullable=False, comment="of the identities that a person can have"),
        sa.PrimaryKeyConstraint("projection", name=op.f("pk_folds")),
    )
    op.create_table(
        "former_ids",
        sa.Column("id", Key, nullable=False),
        sa.Column("identity_id", Key, nullable=False, comment="of today; several when strangers had one id"),
        sa.PrimaryKeyConstraint("id", "identity_id", name=op.f("pk_former_ids")),
    )
    op.create_index(op.f("ix_former_ids_identity_id"), "former_ids", ["identity_id"], unique=False)
    op.add_column(
        "flipped",
        sa.Column("carried", sa.Boolean(), nullable=False, server_default=sa.false(), comment=_CARRIED),
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("flipped") as table:
        table.drop_column("carried")
    op.drop_index(op.f("ix_former_ids_identity_id"), table_name="former_ids")
    op.drop_table("former_ids")
    op.drop_table("folds")
