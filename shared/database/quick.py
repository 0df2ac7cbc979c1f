"""Statements of the hot path: built once, and on SQLite passed to the driver without SQLAlchemy in between.

SQLAlchemy spends 40 to 100 us on each execution of a statement that it knows already, and SQLite 2 to 20
us. For single events that was two fifths of the processor time. PostgreSQL's driver is asynchronous, so
there the statement goes through SQLAlchemy.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

from shared.database.threads import check_cancelled

Parameters = Mapping[str, Any]
Statement: TypeAlias = sa.Select[*tuple[Any, ...]] | sa.CompoundSelect[*tuple[Any, ...]] | UpdateBase

_CACHED: Final = 512


def rows(connection: sa.Connection, statement: Statement, parameters: Parameters) -> Sequence[Any]:
    """Execute a statement that is built once, and return its rows as tuples."""
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, parameters).all()
    plain = _plain(statement, tuple(parameters), connection.dialect, returns=True)
    return plain.rows(connection, parameters)


def returned(
    connection: sa.Connection, statement: Statement, parameters: Sequence[Parameters]
) -> Sequence[Any]:
    """Execute a statement that is built once for each of the parameters, and return all of its rows."""
    plain = _plain(statement, tuple(parameters[0]), connection.dialect, returns=True)
    return [row for values in parameters for row in plain.rows(connection, values)]


def changed(connection: sa.Connection, statement: Statement, parameters: Parameters) -> int:
    """Execute a statement that is built once and returns nothing; return how many rows it changed."""
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, parameters).rowcount
    return written(connection, statement, [parameters])


def written(connection: sa.Connection, statement: Statement, parameters: Sequence[Parameters]) -> int:
    """Execute a statement that is built once and returns nothing, for each of the parameters."""
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, parameters).rowcount
    plain = _plain(statement, tuple(parameters[0]), connection.dialect, returns=False)
    return plain.written(connection, parameters)


class _Plain:
    """A statement in the driver's form: its text, and the conversions of values on the way in and out."""

    def __init__(
        self, statement: Statement, names: Sequence[str], dialect: sa.Dialect, *, returns: bool
    ) -> None:
        keys = None if isinstance(statement, sa.SelectBase) else list(names)
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        self._text = str(compiled)
        self._dialect = dialect
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup or ()]
        self._binds = [
            (name, bind.required, bind.value, bind.type.dialect_impl(dialect).bind_processor(dialect))
            for name, bind in binds
        ]
        # SQLAlchemy stores `exported_columns` on the statement and passes them to statements derived from
        # it, such as by adding RETURNING. So a statement that returns nothing is not asked for them.
        columns = statement.exported_columns if returns else ()
        out = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._read: list[tuple[int, Callable[[Any], Any]]] = [
            (index, read) for index, read in enumerate(out) if read is not None
        ]

    def rows(self, connection: sa.Connection, parameters: Parameters) -> Sequence[Any]:
        fetched = self._run(connection, "execute", self._bound(parameters)).fetchall()
        return [self._converted(row) for row in fetched] if self._read else fetched

    def written(self, connection: sa.Connection, parameters: Sequence[Parameters]) -> int:
        return int(
            self._run(connection, "executemany", [self._bound(values) for values in parameters]).rowcount
        )

    def _run(self, connection: sa.Connection, how: str, bound: Sequence[Any]) -> Any:
        check_cancelled(connection)
        driver: Any = connection.connection.dbapi_connection
        errors: Any = self._dialect.loaded_dbapi
        try:
            return getattr(driver, how)(self._text, bound)
        except errors.Error as error:
            raise DBAPIError.instance(
                self._text, None, error, errors.Error, hide_parameters=True, dialect=self._dialect
            ) from error

    def _bound(self, parameters: Parameters) -> tuple[Any, ...]:
        return tuple(
            [
                value if bind is None else bind(value)
                for name, is_parameter, fixed, bind in self._binds
                for value in (parameters[name] if is_parameter else fixed,)
            ]
        )

    def _converted(self, row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for index, read in self._read:
            values[index] = read(values[index])
        return tuple(values)


@lru_cache(maxsize=_CACHED)
def _plain(statement: Statement, names: tuple[str, ...], dialect: sa.Dialect, *, returns: bool) -> _Plain:
    return _Plain(statement, names, dialect, returns=returns)
