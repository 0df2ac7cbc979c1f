"""The tables of the hand-off cycles are named after what they hold: cycles, and the identities in each."""

from typing import Final

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_RENAMED: Final = {"standings": "cycles", "flipped": "cycle_identities"}
_INDEXED: Final = ["profile_id", "model", "cycle"]


def upgrade() -> None:
    """Apply; no row is written."""
    for old, new in _RENAMED.items():
        _rename(old, new)
    _rename_index("flipped", "cycle_identities", on="cycle_identities")


def downgrade() -> None:
    """Take back."""
    for old, new in _RENAMED.items():
        _rename(new, old)
    _rename_index("cycle_identities", "flipped", on="flipped")


def _rename(old: str, new: str) -> None:
    op.rename_table(old, new)
    # SQLite cannot rename a constraint, and no statement names a primary key.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"alter table {new} rename constraint pk_{old} to pk_{new}")


def _rename_index(old: str, new: str, *, on: str) -> None:
    before, after = (f"ix_{name}_{'_'.join(_INDEXED)}" for name in (old, new))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"alter index {before} rename to {after}")
    else:
        op.drop_index(before, table_name=on)
        op.create_index(after, on, _INDEXED, unique=False)
