"""Many rows for PostgreSQL: COPY puts them into a temporary table, and a statement reads them from there.

COPY costs the driver a quarter of the time of arrays, and the server no more than they do. It needs two
small statements before it, so few rows go as arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import asyncpg as with_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

MANY: Final = 500
"""From this many rows on COPY takes less time than arrays."""

_DIALECT: Final[sa.Dialect] = with_asyncpg.dialect()


def copied(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace the rows in the copy of a table; all rows have the same columns.

    Raises DBAPIError as a statement does.
    """
    copy = copy_of(table)
    # Every time, because a rollback also removes the temporary table.
    connection.execute(copy.made)
    connection.execute(copy.emptied)
    names = list(rows[0])
    driver: Any = connection.connection.driver_connection
    try:
        await_only(
            driver.copy_records_to_table(copy.table.name, columns=names, records=copy.records(names, rows))
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        is_lost = driver.is_closed()
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError(
            f"COPY {copy.table.name}", None, error, hide_parameters=True, connection_invalidated=is_lost
        ) from error


class Copy:
    """A temporary table beside a table, with the same columns and without keys and constraints."""

    def __init__(self, table: sa.Table) -> None:
        columns = [sa.Column(column.name, column.type) for column in table.columns]
        self.table = sa.Table(f"new_{table.name}", sa.MetaData(), *columns)
        self.emptied = sa.delete(self.table)
        self.made = sa.text(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {self.table.name} ON COMMIT DELETE ROWS"
            f" AS TABLE {table.name} WITH NO DATA"
        )

    def rows(self, names: Sequence[str]) -> sa.Select[Any]:
        """Return the query for these columns of the copied rows."""
        return sa.select(*(self.table.c[name] for name in names))

    def records(self, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        """Return rows as the driver takes them."""
        columns = [list(map(itemgetter(name), rows)) for name in names]
        for index, name in enumerate(names):
            if (bound := self._bound(name)) is not None:
                columns[index] = list(map(bound, columns[index]))
        return list(zip(*columns, strict=True))

    def _bound(self, name: str) -> Callable[[Any], Any] | None:
        return self.table.c[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


@lru_cache(maxsize=64)
def copy_of(table: sa.Table) -> Copy:
    """Return the copy of a table."""
    return Copy(table)
