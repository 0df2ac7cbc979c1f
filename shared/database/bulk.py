"""Many rows in one statement, in the way that each dialect does it fastest.

PostgreSQL gets one array per column and unnests them: one short statement, prepared once, whatever the
number of rows. SQLite has no round trips to save, so there the driver's executemany is the fast way.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from shared.database import quick

Rows = Sequence[Mapping[str, Any]]
# SQLAlchemy puts many rows with what they return into one statement, which pays for more than so many.
FEW: Final = 32
S = TypeVar("S")


def _on_postgresql(connection: sa.Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _unnested(table: sa.Table, names: Sequence[str]) -> sa.Select[Any]:
    columns = [table.c[name] for name in names]
    unnested = (
        sa.func.unnest(*(sa.bindparam(c.name, type_=_array_of(c.type)) for c in columns))
        .table_valued(*(sa.column(c.name, c.type) for c in columns), name="new")
        .render_derived()
    )
    return sa.select(*(unnested.c[name] for name in names))


class _PlainArray(sa.types.UserDefinedType[list[Any]]):
    """An array that goes to the driver as it is: SQLAlchemy's own looks at every element on the way."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: str) -> None:
        self.element = element

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in DDL and casts."""
        return f"{self.element}[]"


def _array_of(type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    if isinstance(type_, sa.JSON):
        # The driver takes JSON as text, and it is SQLAlchemy that writes it.
        return postgresql.ARRAY(type_)
    # A collation belongs to the column; on an array it would be a syntax error.
    element = sa.Text() if isinstance(type_, sa.String) else type_
    return _PlainArray(element.compile(dialect=postgresql.dialect()))


def _arrays(rows: Rows, names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: list(map(itemgetter(name), rows)) for name in names}


def insert(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows of which none is there; all have the same columns."""
    if not rows:
        return
    statement = _inserting(_on_postgresql(connection), table, tuple(rows[0]))
    quick.written(connection, statement, _parameters(connection, rows))


def insert_new(connection: sa.Connection, table: sa.Table, key: str, rows: Rows) -> set[Any]:
    """Insert the rows whose key is not there yet and return those keys; all rows have the same columns."""
    if not rows:
        return set()
    statement = _inserting_new(_on_postgresql(connection), table, tuple(rows[0]), key)
    if len(rows) <= FEW and not _on_postgresql(connection):
        return {key for (key,) in quick.returned(connection, statement, rows)}
    return set(connection.execute(statement, _parameters(connection, rows)).scalars())


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert the rows whose primary key is not there yet; all rows have the same columns."""
    if rows:
        statement = _inserting_missing(_on_postgresql(connection), table, tuple(rows[0]))
        quick.written(connection, statement, _parameters(connection, rows))


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
    only by a row that is later in these columns, with `older_by` only by an earlier one.
    """
    if not rows:
        return 0
    statement = _upserting(
        _on_postgresql(connection), table, tuple(rows[0]), revision, tuple(newer_by), tuple(older_by)
    )
    return quick.written(connection, statement, _parameters(connection, rows))


def upsert_older(
    connection: sa.Connection, table: sa.Table, rows: Rows, older_by: Sequence[str]
) -> set[tuple[Any, ...]]:
    """Do as `upsert` with `older_by` and return the primary keys of the rows that were written."""
    if not rows:
        return set()
    statement = _upserting_older(_on_postgresql(connection), table, tuple(rows[0]), tuple(older_by))
    if len(rows) <= FEW and not _on_postgresql(connection):
        return {tuple(row) for row in quick.returned(connection, statement, rows)}
    written = connection.execute(statement, _parameters(connection, rows))
    return {tuple(row) for row in written}


def _parameters(connection: sa.Connection, rows: Rows) -> Any:
    return _arrays(rows, list(rows[0])) if _on_postgresql(connection) else list(rows)


# Statements are built once, because building one takes longer than executing it.


@lru_cache(maxsize=256)
def _upserting(
    on_postgresql: bool,
    table: sa.Table,
    names: tuple[str, ...],
    revision: str | None,
    newer_by: tuple[str, ...],
    older_by: tuple[str, ...],
) -> postgresql.Insert | sqlite.Insert:
    keys = [column.name for column in table.primary_key]
    values = [name for name in names if name not in keys]
    insert = _inserting(on_postgresql, table, names)
    return insert.on_conflict_do_update(
        index_elements=keys,
        set_={name: insert.excluded[name] for name in values},
        where=_guard(table, insert.excluded, revision, newer_by, older_by),
    )


@lru_cache(maxsize=256)
def _upserting_older(
    on_postgresql: bool, table: sa.Table, names: tuple[str, ...], older_by: tuple[str, ...]
) -> ReturningInsert[Any]:
    return _upserting(on_postgresql, table, names, None, (), older_by).returning(*table.primary_key)


@lru_cache(maxsize=256)
def _inserting(
    on_postgresql: bool, table: sa.Table, names: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    if on_postgresql:
        return postgresql.insert(table).from_select(names, _unnested(table, names))
    return sqlite.insert(table)


@lru_cache(maxsize=256)
def _inserting_missing(
    on_postgresql: bool, table: sa.Table, names: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    return _inserting(on_postgresql, table, names).on_conflict_do_nothing()


@lru_cache(maxsize=256)
def _inserting_new(
    on_postgresql: bool, table: sa.Table, names: tuple[str, ...], key: str
) -> ReturningInsert[Any]:
    return _inserting_missing(on_postgresql, table, names).returning(table.c[key])


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


def built_once(build: Callable[[bool], S]) -> Callable[[sa.Connection], S]:
    """Make a function of a connection that returns the statement for its dialect, built once for each.

    `build` is told whether it is for PostgreSQL. What a statement asks for is given as it is executed.
    """
    of_dialect = lru_cache(maxsize=2)(build)
    return lambda connection: of_dialect(_on_postgresql(connection))


def listed(on_postgresql: bool, column: sa.Column[Any], name: str) -> sa.TableValuedAlias:
    """Return the list given under a name, of the column's type, as a table of one column `value`."""
    if on_postgresql:
        array = sa.bindparam(name, type_=_array_of(column.type))
        value = sa.column("value", column.type)
        return sa.func.unnest(array).table_valued(value, name="listed").render_derived()
    return sa.func.json_each(sa.bindparam(name, type_=sa.JSON())).table_valued("value", name="listed")


def among(on_postgresql: bool, column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """Return `column in list` as a condition; the list is one parameter, given under a name at execution."""
    if on_postgresql:
        return column == sa.func.any(sa.bindparam(name, type_=_array_of(column.type)))
    return column.in_(sa.select(listed(on_postgresql, column, name).c.value))


def any_of(
    connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """Return `column in values` as a condition with the values in it, for a statement that is used once."""
    if _on_postgresql(connection):
        return column == sa.func.any(sa.bindparam(None, list(values), type_=_array_of(column.type)))
    array = sa.bindparam(None, list(values), type_=sa.JSON())
    return column.in_(sa.select(sa.func.json_each(array).table_valued("value", name="listed").c.value))
