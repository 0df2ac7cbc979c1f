"""The different values of an indexed column, each found by one step into the index."""

from collections.abc import Sequence
from typing import TypeVar

import sqlalchemy as sa

T = TypeVar("T")


def distinct_values(connection: sa.Connection, column: sa.Column[T], limit: int) -> Sequence[T]:
    """Return the first distinct values in order, without reading all rows.

    On both databases `select distinct` reads all rows, a million for a handful of values.
    """
    least = sa.select(sa.func.min(column).label("value")).cte("found", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > least.c.value).scalar_subquery()
    found = least.union_all(sa.select(following).where(least.c.value.is_not(None)))
    query = sa.select(found.c.value).where(found.c.value.is_not(None)).limit(limit)
    return connection.execute(query).scalars().all()
