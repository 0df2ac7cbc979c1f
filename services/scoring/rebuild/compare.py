"""The comparison: the snapshot of the live tables against the rebuild, row by row in the order of keys."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import sqlalchemy as sa

from services.scoring.core.counting.counts import ADJUSTMENTS, Counts, only, summary
from services.scoring.store import tables
from services.scoring.store.counts import BOTH, counted_in
from shared.database.engine import Database
from shared.process.progress_bar import Progress

PAGE: Final = 5_000
MAX_TOLD: Final = 10

Values: TypeAlias = Mapping[str, Any]


class Subject(NamedTuple):
    """What is compared of a table: these columns of the rows with these keys; some columns may be shown.

    Keys are the columns of the primary key. No key identifies a person, except the hidden ones.
    """

    table: sa.Table
    columns: Sequence[str]
    shown: Collection[str] = ()
    hidden: Collection[str] = ()


_COUNTS: Final = Subject(tables.counts, ["entries", "by_hand"])
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
    _COUNTS,
    _SCORES,
    Subject(tables.standings, ["lead_id", "version", "flipped_at"], ["lead_id", "version", "flipped_at"]),
    Subject(tables.flipped, []),
    # Senders invent names, and these may contain anything.
    Subject(tables.seen_names, [], hidden=["name"]),
)


class ComparedRow(NamedTuple):
    """A row by its key; `due_on` is the day on which a score may have changed by itself."""

    key: tuple[Any, ...]
    values: Values
    due_on: int | None = None


class Difference(NamedTuple):
    """A row that is not equal in both; a side without it is None. It contains only the values that differ."""

    table: str
    key: tuple[Any, ...]
    live: Mapping[str, str] | None
    rebuilt: Mapping[str, str] | None


@dataclass
class Compared:
    """How many rows a table has on either side and how many differ."""

    table: str
    live: int = 0
    rebuilt: int = 0
    differ: int = 0
    due: int = 0
    """scores that are due to be priced again, and so are not compared"""
    told: list[Difference] = field(default_factory=list[Difference])
    """the first rows that differ"""


class Scope(NamedTuple):
    """What the live tables must have equal to the log: the count keys and active versions, on a day."""

    count_keys: Collection[str]
    versions: Collection[tuple[str, int]]
    today: int
    full_kinds: Collection[str] = ()
    """the kinds of names whose tables store only the first"""


async def compare(copy: Database, rebuilt: Database, scope: Scope, progress: Progress) -> list[Compared]:
    """Compare all tables."""
    compared: list[Compared] = []
    for subject in SUBJECTS:
        progress.step(f"comparing {subject.table.name}")
        compared.append(await _compare(copy, rebuilt, subject, scope))
    return compared


async def _compare(copy: Database, rebuilt: Database, subject: Subject, scope: Scope) -> Compared:
    found = Compared(subject.table.name)
    async with aclosing(_rows(copy, subject, scope)) as ours, aclosing(_rows(rebuilt, subject, scope)) as new:
        async for one, other in _aligned(ours, new):
            if one is not None and one.due_on is not None and one.due_on <= scope.today:
                found.due += 1
                continue
            found.live += one is not None
            found.rebuilt += other is not None
            if one is None or other is None or one.values != other.values:
                found.differ += 1
                if len(found.told) < MAX_TOLD:
                    found.told.append(_difference(subject, one, other))
    return found


async def _rows(database: Database, subject: Subject, scope: Scope) -> AsyncGenerator[ComparedRow]:
    names = [column.name for column in subject.table.primary_key]
    query = _query(subject.table, scope)
    columns = query.selected_columns.keys()
    async with aclosing(database.pages(query, PAGE)) as pages:
        async for page in pages:
            for row in (dict(zip(columns, one, strict=True)) for one in page):
                key = tuple(row[name] for name in names)
                if subject is _COUNTS:
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
    if table is tables.standings:
        return query.where(table.c.lead_id.is_not(None))
    if table is tables.flipped:
        return query.where(
            ~table.c.carried,
            sa.exists().where(
                *(tables.standings.c[name] == table.c[name] for name in ("profile_id", "model", "cycle")),
                tables.standings.c.lead_id.is_not(None),
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


async def _aligned(
    live: AsyncIterator[ComparedRow], rebuilt: AsyncIterator[ComparedRow]
) -> AsyncGenerator[tuple[ComparedRow | None, ComparedRow | None]]:
    """Yield rows of the same key together, and rows that only one side has with None."""
    one, other = await anext(live, None), await anext(rebuilt, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = await anext(live, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = await anext(rebuilt, None)
        else:
            yield one, other
            one, other = await anext(live, None), await anext(rebuilt, None)


def _difference(subject: Subject, one: ComparedRow | None, other: ComparedRow | None) -> Difference:
    ours, theirs = one.values if one else {}, other.values if other else {}
    differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    names = [column.name for column in subject.table.primary_key]
    key = tuple(
        "(not shown)" if name in subject.hidden else part
        for name, part in zip(names, one.key if one else other.key if other else (), strict=True)
    )
    return Difference(
        subject.table.name,
        key,
        None if one is None else {name: _readable(subject, name, ours.get(name)) for name in differing},
        None if other is None else {name: _readable(subject, name, theirs.get(name)) for name in differing},
    )


def _readable(subject: Subject, name: str, value: Any) -> str:
    """Return a value in readable form, unless it may be personal."""
    if value is None:
        return "none"
    if subject is _COUNTS:
        times, days = summary(value)
        return f"{times} on {days} days"
    return str(value) if name in subject.shown else "(not shown)"
