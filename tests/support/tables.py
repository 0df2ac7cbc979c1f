"""Single statements on a database: what its tables have, and what a test changes behind Flipline's back."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from shared.database.engine import Database


async def rows(database: Database, query: sa.Executable) -> Sequence[sa.Row[Any]]:
    """Return the rows of a query."""
    return await database.read(lambda connection: connection.execute(query).all())


async def values(database: Database, query: sa.Executable) -> list[Any]:
    """Return the first column of the rows of a query."""
    return await database.read(lambda connection: list(connection.execute(query).scalars()))


async def changed(database: Database, *statements: sa.Executable) -> None:
    """Execute the statements in one transaction."""

    def executed(connection: sa.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    await database.unit(executed)
