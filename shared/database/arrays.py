"""Arrays as parameters on PostgreSQL."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


class _PlainArray(sa.types.UserDefinedType[list[Any]]):
    """An array that goes to the driver unchanged; SQLAlchemy's own type looks at every element first."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: str) -> None:
        self.element = element

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name in DDL and casts."""
        return f"{self.element}[]"


def array_of(type_: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    """Return the type of an array of values of a column's type."""
    if isinstance(type_, sa.JSON):
        # The driver takes JSON as text, which SQLAlchemy writes.
        return postgresql.ARRAY(type_)
    # A collation belongs to the column; on an array it would be a syntax error.
    element = sa.Text() if isinstance(type_, sa.String) else type_
    return _PlainArray(element.compile(dialect=postgresql.dialect()))
