"""The statements that writers execute on a database, and the engine that they use."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from shared.database import quick
from shared.database.engine import Database
from shared.database.greenlets import Greenlets
from shared.database.threads import Threads


def writing_engine(database: Database) -> sa.Engine:
    """Return the engine of the writers, which on SQLite has one connection."""
    connections = database._connections
    if isinstance(connections, Threads):
        return connections._writer
    assert isinstance(connections, Greenlets)
    return connections._engine.sync_engine


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that writers execute."""
    executed: list[str] = []

    def on_execute(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        executed.append(statement)

    engine = writing_engine(database)
    run = quick._Plain._run

    def on_run(self: quick._Plain, connection: sa.Connection, how: str, bound: Sequence[Any]) -> Any:
        if connection.engine is engine:
            executed.append(self._text)
        return run(self, connection, how, bound)

    event.listen(engine, "before_cursor_execute", on_execute)
    # These statements bypass SQLAlchemy and its events.
    quick._Plain._run = on_run
    try:
        yield executed
    finally:
        quick._Plain._run = run
        event.remove(engine, "before_cursor_execute", on_execute)
