"""The statements that write many rows, and the sources of those rows.

They are built once, because building one takes longer than executing it.
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from shared.database.arrays import array_of
from shared.database.copying import MANY, copied, copy_of

Rows = Sequence[Mapping[str, Any]]


class Source(Enum):
    """The source of the rows that a statement writes."""

    VALUES = auto()
    """its parameters, once for each row; on SQLite"""
    ARRAYS = auto()
    """its parameters, one array for each column"""
    COPY = auto()
    """a temporary table"""


def sent(connection: sa.Connection, table: sa.Table, rows: Rows) -> tuple[Source, Any]:
    """Return the source of the rows and the statement's parameters; may copy the rows first."""
    if connection.dialect.name != "postgresql":
        return Source.VALUES, list(rows)
    if len(rows) < MANY:
        return Source.ARRAYS, {name: list(map(itemgetter(name), rows)) for name in rows[0]}
    copied(connection, table, rows)
    return Source.COPY, {}


def _unnested(table: sa.Table, names: Sequence[str]) -> sa.Select[Any]:
    columns = [table.c[name] for name in names]
    unnested = (
        sa.func.unnest(*(sa.bindparam(c.name, type_=array_of(c.type)) for c in columns))
        .table_valued(*(sa.column(c.name, c.type) for c in columns), name="new")
        .render_derived()
    )
    return sa.select(*(unnested.c[name] for name in names))


@lru_cache(maxsize=256)
def upserting(
    source: Source,
    table: sa.Table,
    names: tuple[str, ...],
    revision: str | None,
    newer_by: tuple[str, ...],
    older_by: tuple[str, ...],
) -> postgresql.Insert | sqlite.Insert:
    """Return the statement of `bulk.upsert`."""
    keys = [column.name for column in table.primary_key]
    values = [name for name in names if name not in keys]
    insert = inserting(source, table, names)
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: insert.excluded[name] for name in values},
        where=_guard(table, insert.excluded, revision, newer_by, older_by),
    )


@lru_cache(maxsize=256)
def upserting_older(
    source: Source, table: sa.Table, names: tuple[str, ...], older_by: tuple[str, ...]
) -> ReturningInsert[Any]:
    """Return the statement of `bulk.upsert_older`."""
    return upserting(source, table, names, None, (), older_by).returning(*table.primary_key)


@lru_cache(maxsize=256)
def inserting(
    source: Source, table: sa.Table, names: tuple[str, ...], lock: sa.FromClause | None = None
) -> postgresql.Insert | sqlite.Insert:
    """Return the statement of `bulk.insert`, which first takes the lock if there is one."""
    if source is Source.VALUES:
        return sqlite.insert(table)
    rows = _unnested(table, names) if source is Source.ARRAYS else copy_of(table).rows(names)
    # The rows are joined with the call of the lock's function, so the call comes before the first of them.
    return postgresql.insert(table).from_select(names, rows if lock is None else rows.select_from(lock))


@lru_cache(maxsize=256)
def inserting_missing(
    source: Source, table: sa.Table, names: tuple[str, ...], lock: sa.FromClause | None = None
) -> postgresql.Insert | sqlite.Insert:
    """Return the statement of `bulk.insert_missing`, which first takes the lock if there is one."""
    return inserting(source, table, names, lock).on_conflict_do_nothing()


@lru_cache(maxsize=256)
def inserting_new(
    source: Source,
    table: sa.Table,
    names: tuple[str, ...],
    returned: tuple[sa.ColumnElement[Any], ...],
    lock: sa.FromClause | None,
) -> ReturningInsert[Any]:
    """Return the statement of `bulk.insert_new_returning`, which returns the columns `returned`."""
    return inserting_missing(source, table, names, lock).returning(*returned)


def _guard(
    table: sa.Table, excluded: Any, revision: str | None, newer_by: Sequence[str], older_by: Sequence[str]
) -> sa.ColumnElement[bool] | None:
    if revision:
        return table.c[revision] == excluded[revision] - 1
    if newer_by or older_by:
        ours = sa.tuple_(*(table.c[name] for name in newer_by or older_by))
        new = sa.tuple_(*(excluded[name] for name in newer_by or older_by))
        return ours < new if newer_by else new < ours
    return None
