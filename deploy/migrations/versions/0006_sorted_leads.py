"""Lists: leads are sorted by score and name, models are known by name, kinds of identity are listed."""

import json
import unicodedata
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Key

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LAST_NAME: Final = "as it is sorted: without case and accents"
_NOT_PROVIDED: Final = "[not provided]"
_PAGE: Final = 1_000
_INDEXES: Final = (
    ["status", "qualified_at", "id"],
    ["profile_id", "qualified_at", "id"],
    ["score", "id", "qualified_at"],
    ["last_name", "id", "qualified_at"],
    ["model", "score", "id", "qualified_at"],
    ["model", "last_name", "id", "qualified_at"],
)


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_identities_kind"), "identities", ["kind"], unique=False)
    op.create_table(
        "model_names",
        sa.Column("model", Key, nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_model_names")),
    )
    op.add_column("leads", sa.Column("score", sa.Float(), nullable=True))
    op.add_column("leads", sa.Column("last_name", Key, nullable=True, comment=_LAST_NAME))
    _sort_leads()
    with op.batch_alter_table("leads") as table:
        table.alter_column("score", nullable=False, existing_type=sa.Float())
        table.alter_column("last_name", nullable=False, existing_type=Key, existing_comment=_LAST_NAME)
    for columns in _INDEXES:
        op.create_index(op.f(f"ix_leads_{'_'.join(columns)}"), "leads", columns, unique=False)


def _sort_leads() -> None:
    leads = sa.table("leads", sa.column("id"), sa.column("data"), sa.column("score"), sa.column("last_name"))
    connection = op.get_bind()
    page = sa.select(leads.c.id, sa.cast(leads.c.data, sa.Text)).order_by(leads.c.id).limit(_PAGE)
    keyed = (
        sa.update(leads)
        .where(leads.c.id == sa.bindparam("lead"))
        .values(score=sa.bindparam("points"), last_name=sa.bindparam("name"))
    )
    rows = connection.execute(page).all()
    while rows:
        connection.execute(keyed, [_keys(*row) for row in rows])
        rows = connection.execute(page.where(leads.c.id > rows[-1][0])).all()


def _keys(lead_id: str, text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
        score, name = float(data["score"]), str(data["person"]["last_name"])
    except (ValueError, TypeError, KeyError, RecursionError):
        # A damaged row must not keep the others from their columns.
        score, name = 0.0, _NOT_PROVIDED
    return {"lead": lead_id, "points": score, "name": _last_name_key(name)}


def _last_name_key(name: str) -> str:
    """Return the key as `services/handoff/payload/sorting.py` made it when this was written."""
    if name == _NOT_PROVIDED:
        return "\U0010fffd"
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))[:128]


def downgrade() -> None:
    """Take back."""
    for columns in _INDEXES:
        op.drop_index(op.f(f"ix_leads_{'_'.join(columns)}"), table_name="leads")
    with op.batch_alter_table("leads") as table:
        table.drop_column("last_name")
        table.drop_column("score")
    op.drop_table("model_names")
    op.drop_index(op.f("ix_identities_kind"), table_name="identities")
