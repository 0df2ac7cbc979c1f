"""Effects: what interactions have set of traits by what they are."""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "effects",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("type", Key, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("event_id", Key, nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "type", "day", name=op.f("pk_effects")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("effects")
