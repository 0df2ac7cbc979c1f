"""The rows of the live tables and of a rebuild that are compared, in the order of their keys."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, NamedTuple, TypeAlias

import sqlalchemy as sa

from services.scoring.core.counting.counts import ADJUSTMENTS, Counts, only
from services.scoring.store import tables
from services.scoring.store.counts import BOTH, counted_in
from shared.database.engine import Database

PAGE: Final = 5_000

Values: TypeAlias = Mapping[str, Any]


class Subject(NamedTuple):
    """What is compared of a table: these columns of the rows with these keys; some columns may be shown.

    Keys are the columns of the primary key. No key identifies a person, except the hidden ones.
    """

    table: sa.Table
    columns: Sequence[str]
    shown: Collection[str] = ()
    hidden: Collection[str] = ()

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def key(self) -> Sequence[str]:
        """The columns of the primary key."""
        return [column.name for column in self.table.primary_key]


COUNTS: Final = Subject(tables.counts, ["entries", "by_hand"])
_SCORES: Final = Subject(
    tables.scores,
    ["score", "stage", "grade", "state", "company", "excluded"],
    ["score", "stage", "grade", "state", "excluded"],
)
SUBJECTS: Final = (
    Subject(
        tables.ledger,
        ["identity_id", "type", "occurred_at", "source", "campaign", "properties", "machine"],
        ["identity_id", "type", "occurred_at", "machine"],
    ),
    Subject(tables.identities, ["kind", "value", "profile_id"], ["kind", "profile_id"]),
    Subject(tables.links, ["occurred_at", "event_id", "refused"], ["occurred_at", "event_id", "refused"]),
    Subject(tables.separations, ["reason", "author", "separated_at"], ["separated_at"]),
    Subject(
        tables.retractions,
        ["retraction_id", "reason", "author", "retracted_at"],
        ["retraction_id", "retracted_at"],
    ),
    Subject(tables.traits, ["value", "occurred_at", "event_id"], ["occurred_at", "event_id"]),
    Subject(tables.effects, ["occurred_at", "event_id"], ["occurred_at", "event_id"]),
    COUNTS,
    _SCORES,
    Subject(tables.cycles, ["lead_id", "version", "flipped_at"], ["lead_id", "version", "flipped_at"]),
    Subject(tables.cycle_identities, []),
    # Senders invent names, and these may contain anything.
    Subject(tables.seen_names, [], hidden=["name"]),
)


class ComparedRow(NamedTuple):
    """A row by its key; `due_on` is the day on which a score may have changed by itself."""

    key: tuple[Any, ...]
    values: Values
    due_on: int | None = None


class Scope(NamedTuple):
    """What the live tables must have equal to the log: the count keys and active versions, on a day."""

    count_keys: Collection[str]
    versions: Collection[tuple[str, int]]
    today: int
    full_kinds: Collection[str] = ()
    """the kinds of names whose tables store only the first"""


async def rows_of(database: Database, subject: Subject, scope: Scope) -> AsyncGenerator[ComparedRow]:
    """Yield the rows of a table that are compared, in the order of their keys."""
    names = subject.key
    query = _query(subject.table, scope)
    columns = query.selected_columns.keys()
    async with aclosing(database.pages(query, PAGE)) as pages:
        async for page in pages:
            for row in (dict(zip(columns, values, strict=True)) for values in page):
                key = tuple(row[name] for name in names)
                if subject is COUNTS:
                    counted = counted_in(row["entries"], row["by_hand"], row["older"])
                    counts = _by_key(counted, scope.count_keys)
                    if counts:
                        yield ComparedRow(key, counts)
                elif subject is _SCORES:
                    if key[1:] in scope.versions:
                        yield ComparedRow(key, {name: row[name] for name in subject.columns}, row["due_on"])
                else:
                    yield ComparedRow(
                        key, {name: row[name] for name in subject.columns} | _stated(row, subject)
                    )


def _query(table: sa.Table, scope: Scope) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(table).order_by(*table.primary_key)
    if table is tables.seen_names:
        return _names(scope)
    # How counts are split between their two rows depends on the batches.
    if table is tables.counts:
        return query.add_columns(tables.older_counts.c.entries.label("older")).select_from(BOTH)
    # The log does not say which profiles were kept back.
    if table is tables.cycles:
        return query.where(table.c.lead_id.is_not(None))
    if table is tables.cycle_identities:
        return query.where(
            ~table.c.carried,
            sa.exists().where(
                *(tables.cycles.c[name] == table.c[name] for name in ("profile_id", "model", "cycle")),
                tables.cycles.c.lead_id.is_not(None),
            ),
        )
    return query


def _names(scope: Scope) -> sa.Select[Any, Any, Any]:
    seen = tables.seen_names.c
    # Migration 0003 read traits from a table that has only the last value of each day: a form may be missing.
    form = sa.case((seen.kind == "trait", ""), else_=seen.form).label("form")
    kept = sa.select(seen.kind, seen.name, form).where(seen.kind.not_in(sorted(scope.full_kinds)))
    return kept.distinct().order_by(seen.kind, seen.name, form)


def _stated(row: Any, subject: Subject) -> dict[str, Any]:
    # If a link would break several rules, or by any amount, the first violation found is stored.
    return {"refused": row["refused"] is not None} if subject.table is tables.links else {}


def _by_key(counts: Counts, keys: Collection[str]) -> dict[str, Counts]:
    # Counts of conditions that no version has any more are left unchanged, and mean nothing.
    under = {key: only(counts, [key]) for key in keys if key != ADJUSTMENTS}
    found = {key: Counts(of.packed) for key, of in under.items() if of.packed}
    return found | ({ADJUSTMENTS: Counts(by_hand=counts.by_hand)} if counts.by_hand else {})
