"""Exclusions: whether an exclusion keeps a profile from sales stands with its score, whatever that is.

It is false until a profile is priced again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "scores",
        sa.Column(
            "excluded",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="by an exclusion of the matrix, whatever the score",
        ),
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("scores") as table:
        table.drop_column("excluded")
