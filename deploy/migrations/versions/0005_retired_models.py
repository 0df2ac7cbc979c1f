"""Retired models: who retired each and why. Handovers: orders to hand over profiles that were kept back."""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RETIRED_AT = "null: it scores, or never did"
_MOVED_AT = "the last sign of life of who does it"
# Only a retirement leaves a model that was activated without an active version. Where there is such a model
# already, this migration was taken back and is applied again.
_RETIRED_BEFORE = """
    update models set retired_at =
        (select max(activated_at) from activations where activations.model = models.model)
    where active_version is null
"""


def upgrade() -> None:
    """Apply."""
    op.add_column("models", sa.Column("retired_at", Instant, nullable=True, comment=_RETIRED_AT))
    op.add_column("models", sa.Column("retired_by", sa.Text(), nullable=True))
    op.add_column("models", sa.Column("retired_note", sa.Text(), nullable=True))
    op.execute(_RETIRED_BEFORE)
    op.create_table(
        "handovers",
        sa.Column("id", Key, nullable=False, comment="time-ordered"),
        sa.Column("model", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("begun_at", Instant, nullable=False),
        sa.Column("moved_at", Instant, nullable=False, comment=_MOVED_AT),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_model_id"), "handovers", ["model", "id"], unique=False)


def downgrade() -> None:
    """Take back; a model that was retired stays without an active version."""
    op.drop_table("handovers")
    with op.batch_alter_table("models") as table:
        for name in ("retired_note", "retired_by", "retired_at"):
            table.drop_column(name)
