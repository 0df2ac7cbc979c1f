"""Counts become packed arrays: 24 bytes an entry instead of JSON, with adjustments beside them."""

import json
import struct
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Key

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PAGE = 1_000

# key, value of `by`, day, how often
_ENTRY = struct.Struct("<QQii")
_ADJUSTMENTS = "adjustments"
_counts = sa.table(
    "counts",
    sa.column("identity_id", Key),
    sa.column("counts", sa.Text),
    sa.column("entries", sa.LargeBinary),
    sa.column("by_hand", sa.Text),
)


def upgrade() -> None:
    """Apply, page by page."""
    op.add_column("counts", sa.Column("entries", sa.LargeBinary()))
    op.add_column("counts", sa.Column("by_hand", sa.Text()))
    connection = op.get_bind()
    pack = (
        sa.update(_counts)
        .where(_counts.c.identity_id == sa.bindparam("id"))
        .values(entries=sa.bindparam("packed"), by_hand=sa.bindparam("given"))
    )
    for page in _pages(connection):
        connection.execute(pack, [{"id": row.identity_id, **_packed(json.loads(row.counts))} for row in page])
    with op.batch_alter_table("counts") as table:
        table.alter_column(
            "entries",
            existing_type=sa.LargeBinary(),
            nullable=False,
            comment="(key, by, day, times), sorted",
        )
        table.alter_column(
            "by_hand",
            existing_type=sa.Text(),
            comment="adjustments: (day, JSON, times); null: none",
        )
        table.drop_column("counts")


def _pages(connection: sa.Connection) -> Iterator[Any]:
    after = ""
    while True:
        query = sa.select(_counts.c.identity_id, _counts.c.counts).where(_counts.c.identity_id > after)
        page = connection.execute(query.order_by(_counts.c.identity_id).limit(PAGE)).all()
        if not page:
            return
        yield page
        after = page[-1].identity_id


def _packed(counts: dict[str, dict[str, dict[str, int]]]) -> dict[str, Any]:
    entries = sorted(
        (_number_of(key), _number_of(by), int(day), times)
        for key, days in counts.items()
        if key != _ADJUSTMENTS
        for day, values in days.items()
        for by, times in values.items()
    )
    given = sorted(
        (int(day), text, times)
        for day, values in counts.get(_ADJUSTMENTS, {}).items()
        for text, times in values.items()
    )
    packed = b"".join(_ENTRY.pack(*entry) for entry in entries)
    # As the code writes it.
    written = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    return {"packed": packed, "given": written if given else None}


def _number_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") if text else 0


def downgrade() -> None:
    """Take back, where nothing was counted: what the numbers stand for is nowhere but on the log."""
    if op.get_bind().execute(sa.select(_counts.c.identity_id).limit(1)).first() is not None:
        raise RuntimeError("Counts cannot become JSON again: restore a backup from before revision 0009.")
    with op.batch_alter_table("counts") as table:
        table.add_column(sa.Column("counts", sa.Text(), nullable=False))
        table.drop_column("by_hand")
        table.drop_column("entries")
