"""Many rows in one statement, in the fastest way of each dialect.

PostgreSQL gets one array per column and unnests them: one short statement, prepared once, whatever the
number of rows. Very many rows go by COPY. SQLite has no round trips to save, so the driver's executemany is
the fastest way there.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from shared.database import quick
from shared.database.arrays import array_of
from shared.database.inserting import (
    Rows,
    Source,
    inserting,
    inserting_missing,
    inserting_new,
    sent,
    upserting,
    upserting_older,
)

# SQLAlchemy writes many rows with RETURNING in one statement; up to this number a statement for each row is
# faster.
FEW: Final = 32
S = TypeVar("S")


def _on_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == "postgresql"


def insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows whose keys are all new; all have the same columns."""
    if not rows:
        return
    source, parameters = sent(connection, table, rows)
    quick.written(connection, inserting(source, table, tuple(rows[0])), parameters)


def insert_new(connection: sa.Connection, table: sa.Table, key: str, rows: Rows) -> set[Any]:
    """Insert the rows whose key is new and return those keys; all rows have the same columns."""
    return {key_ for (key_,) in insert_new_returning(connection, table, key, rows, ())}


def insert_new_returning(
    connection: sa.Connection,
    table: sa.Table,
    key: str,
    rows: Rows,
    further: tuple[sa.ColumnElement[Any], ...],
    lock: sa.FromClause | None = None,
) -> Sequence[Any]:
    """Insert as `insert_new` does; return the key and further columns of each new row.

    `lock` is the call of a function that takes a lock. PostgreSQL calls it once, before it inserts a row.
    SQLite has one writer and needs no lock.
    """
    if not rows:
        return []
    returning = (table.c[key], *further)
    if not _on_postgresql(connection) and len(rows) > FEW and table.primary_key.columns.keys() == [key]:
        return _insert_absent(connection, table, key, rows, returning)
    source, parameters = sent(connection, table, rows)
    statement = inserting_new(source, table, tuple(rows[0]), returning, lock)
    if source is Source.VALUES and len(rows) <= FEW:
        return quick.returned(connection, statement, rows)
    return connection.execute(statement, parameters).all()


def _insert_absent(
    connection: sa.Connection,
    table: sa.Table,
    key: str,
    rows: Rows,
    returning: tuple[sa.ColumnElement[Any], ...],
) -> Sequence[Any]:
    """Insert on SQLite, where no other process writes between two statements of a transaction.

    SQLite's driver has no fast way to insert many rows and return which of them were new.
    """
    keys = [row[key] for row in rows]
    present = quick.rows(connection, _present(table, key, (table.c[key],)), {"keys": keys})
    existing = {key_ for (key_,) in present}
    absent = {row[key]: row for row in reversed(rows) if row[key] not in existing}
    insert(connection, table, list(absent.values()))
    if len(returning) == 1:
        return [(key_,) for key_ in absent]
    return quick.rows(connection, _present(table, key, returning), {"keys": list(absent)})


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert the rows whose primary key is new; all rows have the same columns."""
    if rows:
        source, parameters = sent(connection, table, rows)
        quick.written(connection, inserting_missing(source, table, tuple(rows[0])), parameters)


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Rows,
    *,
    revision: str | None = None,
    newer_by: Sequence[str] = (),
    older_by: Sequence[str] = (),
) -> int:
    """Insert or overwrite by primary key and return how many rows were written.

    All rows have the same columns, and each key occurs once. With `revision`, an existing row is
    overwritten only while its revision is one below the new row's: optimistic locking. With `newer_by`,
    only a row that is later in these columns overwrites it; with `older_by`, only an earlier row.
    """
    if not rows:
        return 0
    source, parameters = sent(connection, table, rows)
    statement = upserting(source, table, tuple(rows[0]), revision, tuple(newer_by), tuple(older_by))
    return quick.written(connection, statement, parameters)


def upsert_older(
    connection: sa.Connection, table: sa.Table, rows: Rows, older_by: Sequence[str]
) -> set[tuple[Any, ...]]:
    """Upsert with `older_by` and return the primary keys of the rows that were written."""
    if not rows:
        return set()
    source, parameters = sent(connection, table, rows)
    statement = upserting_older(source, table, tuple(rows[0]), tuple(older_by))
    if source is Source.VALUES and len(rows) <= FEW:
        return {tuple(row) for row in quick.returned(connection, statement, rows)}
    return {tuple(row) for row in connection.execute(statement, parameters)}


@lru_cache(maxsize=256)
def _present(table: sa.Table, key: str, returning: tuple[sa.ColumnElement[Any], ...]) -> sa.Select[Any]:
    return sa.select(*returning).where(among(False, table.c[key], "keys"))


def built_once(build: Callable[[bool], S]) -> Callable[[sa.Connection], S]:
    """Return a function of a connection that returns the statement for its dialect, built once for each.

    `build` takes whether the dialect is PostgreSQL. Parameters are passed at execution.
    """
    of_dialect = lru_cache(maxsize=2)(build)
    return lambda connection: of_dialect(_on_postgresql(connection))


def listed(on_postgresql: bool, column: sa.Column[Any], name: str) -> sa.TableValuedAlias:
    """Return the list parameter of this name, of the column's type, as a table with one column `value`."""
    if on_postgresql:
        array = sa.bindparam(name, type_=array_of(column.type))
        value = sa.column("value", column.type)
        return sa.func.unnest(array).table_valued(value, name="listed").render_derived()
    return sa.func.json_each(sa.bindparam(name, type_=sa.JSON())).table_valued("value", name="listed")


def among(on_postgresql: bool, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """Return `column in list` as a condition; the list is the parameter of this name."""
    if on_postgresql:
        return column == sa.func.any(sa.bindparam(name, type_=array_of(column.type)))
    return column.in_(sa.select(listed(on_postgresql, column, name).c.value))


def any_of(
    connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """Return `column in values` as a condition with the values inside, for a statement that is used once."""
    if _on_postgresql(connection):
        return column == sa.func.any(sa.bindparam(None, list(values), type_=array_of(column.type)))
    array = sa.bindparam(None, list(values), type_=sa.JSON())
    return column.in_(sa.select(sa.func.json_each(array).table_valued("value", name="listed").c.value))
