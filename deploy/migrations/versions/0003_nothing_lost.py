"""Nothing lost: which log a position belongs to, who holds a lease, what names were seen, what was parked.

The names seen so far are read from the ledger and the traits, as `core/profiles/names.py` reads them
from events. Of traits the table has the last value of each day alone, so a form may be missing.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LOG_ID = "of the log that the offset belongs to; null before it was kept"
_LAST_CHECKSUM = "CRC-32 of the value at next_offset - 1"
_LEASED_BY = "the worker that holds the lease"
_REFUSED_BY = "ingest, or the consumer group that parked it"
_FORM = "of a property's or trait's values; '' for types"
_SOURCE = "the path it came in by, or topic/partition/offset"
_LETTER = "the event as it stands on the log"
_REPLAYED_AT = "null: open"

_NAMES_OF_A_KIND = 10_000
_NAME_LENGTH = 128
# PostgreSQL cannot read a key with a NUL, of which no name is made.
_READABLE = {
    "sqlite": r"case when json_valid(properties) and instr(properties, '\u0000') = 0 then properties end",
    "postgresql": r"case when strpos(properties, '\u0000') = 0 then cast(properties as json) end",
}
_TYPES = "select type as name, '' as form from ledger"
_TRAITS = {
    "sqlite": "select name, json_type(value) as form from traits",
    "postgresql": "select name, json_typeof(cast(value as json)) as form from traits",
}
_FORM_OF = """
    case form
        when 'string' then 'text' when 'true' then 'boolean' when 'false' then 'boolean'
        when 'integer' then 'number' when 'real' then 'number' when 'array' then 'list' else form
    end
"""


def _properties(dialect: str) -> str:
    """Return a query for the paths into the properties, of one to three parts, with the forms of values."""
    each, within = ("json_each", "instr") if dialect == "sqlite" else ("lateral json_each", "strpos")

    def form(level: int) -> str:
        return f"k{level}.type" if dialect == "sqlite" else f"json_typeof(k{level}.value)"

    def inner(level: int) -> str:
        is_object = f"{form(level)} = 'object' and {within}(k{level}.key, '.') = 0"
        return f"{each}(case when {is_object} then k{level}.value end) as k{level + 1}"

    queries: list[str] = []
    name, source = "k1.key", f"ledger, {each}({_READABLE[dialect]}) as k1"
    where = "ledger.type not in ('identify', 'adjustment')"
    for level in (1, 2, 3):
        queries.append(f"select {name} as name, {form(level)} as form from {source} where {where}")  # noqa: S608 - it is made of constants alone
        name, source = f"{name} || '.' || k{level + 1}.key", f"{source}, {inner(level)}"
        where = f"{where} and {within}(k{level + 1}.key, '.') = 0"
    return " union all ".join(queries)


def _note_what_was_seen() -> None:
    dialect = op.get_bind().dialect.name
    found = {"type": _TYPES, "property": _properties(dialect), "trait": _TRAITS[dialect]}
    for kind, query in found.items():
        form = "form" if kind == "type" else _FORM_OF
        op.execute(
            f"insert into seen_names (kind, name, form) select distinct '{kind}', name, {form} "  # noqa: S608 - it is made of constants alone
            f"from ({query}) as found "
            f"where length(name) between 1 and {_NAME_LENGTH} limit {_NAMES_OF_A_KIND}"
        )


def upgrade() -> None:
    """Apply."""
    op.add_column("positions", sa.Column("log_id", Key, nullable=True, comment=_LOG_ID))
    op.add_column(
        "positions", sa.Column("last_checksum", sa.BigInteger(), nullable=True, comment=_LAST_CHECKSUM)
    )
    _never_give_an_id_of_the_outbox_twice(yes=True)
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
    leased = sa.text("leased_by IS NOT NULL")
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["leased_by"],
        unique=False,
        postgresql_where=leased,
        sqlite_where=leased,
    )
    op.create_table(
        "seen_names",
        sa.Column("kind", Key, nullable=False, comment="type, property, trait"),
        sa.Column("name", Key, nullable=False),
        sa.Column("form", Key, nullable=False, comment=_FORM),
        sa.PrimaryKeyConstraint("kind", "name", "form", name=op.f("pk_seen_names")),
    )
    _note_what_was_seen()
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
    op.drop_index("ix_deliveries_leased", table_name="deliveries")
    op.drop_index("ix_deliveries_held", table_name="deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("leased_by")
    with op.batch_alter_table("positions") as table:
        table.drop_column("last_checksum")
        table.drop_column("log_id")
    _never_give_an_id_of_the_outbox_twice(yes=False)


def _never_give_an_id_of_the_outbox_twice(*, yes: bool) -> None:
    """SQLite gives the ids of deleted rows again unless the table says otherwise; PostgreSQL never does."""
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table(
            "outbox", recreate="always", table_kwargs={"sqlite_autoincrement": True} if yes else {}
        ):
            pass
