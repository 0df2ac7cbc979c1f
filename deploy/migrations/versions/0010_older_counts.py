"""The counts of an identity may be in two rows, so that an event of who has very many rewrites few."""

import struct
from collections import Counter
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Key

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# key, value of `by`, day, how often
_ENTRY = struct.Struct("<QQii")
_counts, _older = (
    sa.table(name, sa.column("identity_id", Key), sa.column("entries", sa.LargeBinary))
    for name in ("counts", "older_counts")
)


def upgrade() -> None:
    """Apply; a row with many entries stays as it is until its next change."""
    op.create_table(
        "older_counts",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("mark", Key, nullable=False, comment="hash of the entries"),
        sa.Column("entries", sa.LargeBinary(), nullable=False, comment="(key, by, day, times), sorted"),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_older_counts")),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Most of an entry are hashes, and to compress them in vain costs more than to write them.
        op.execute("alter table older_counts alter column entries set storage external")


def downgrade() -> None:
    """Take back: both rows become one."""
    connection = op.get_bind()
    both = sa.select(_older.c.identity_id, _counts.c.entries, _older.c.entries.label("older")).join(
        _counts, _counts.c.identity_id == _older.c.identity_id
    )
    # One by one, since each of them is large.
    for identity_id in connection.execute(sa.select(_older.c.identity_id)).scalars().all():
        row: Any = connection.execute(both.where(_older.c.identity_id == identity_id)).one()
        change = sa.update(_counts).where(_counts.c.identity_id == identity_id)
        connection.execute(change.values(entries=_sum(row.entries, row.older)))
    op.drop_table("older_counts")


def _sum(*several: bytes) -> bytes:
    times: Counter[tuple[int, int, int]] = Counter()
    for packed in several:
        for key, by, day, number in _ENTRY.iter_unpack(packed):
            times[key, by, day] += number
    return b"".join(_ENTRY.pack(*entry, number) for entry, number in sorted(times.items()) if number)
