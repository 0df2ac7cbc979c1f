"""What the proofs of life need from the database: its file, and advisory locks of a session."""

from pathlib import Path

import sqlalchemy as sa

from shared.errors import Unavailable


def file_of(connection: sa.Connection) -> Path:
    """Return the absolute path of a SQLite database; raises Unavailable when it is in memory alone."""
    (path,) = connection.execute(_FILE).one()
    if not path:
        raise Unavailable("proof_refused", "A database in memory has no file to put a lock beside.")
    return Path(path)


def try_lock(connection: sa.Connection, key: int) -> bool:
    """Take an advisory lock for the session on PostgreSQL and return whether it was free."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(_big(key)))).scalar())


def unlock(connection: sa.Connection, key: int) -> None:
    """Release an advisory lock of the session."""
    connection.execute(sa.select(sa.func.pg_advisory_unlock(_big(key))))


def touch(connection: sa.Connection) -> None:
    """Ask the server for an answer; raises when the session is lost."""
    connection.execute(sa.select(1))


_FILE = sa.text("select file from pragma_database_list where name = 'main'")


def _big(key: int) -> sa.ColumnElement[int]:
    return sa.cast(key, sa.BigInteger)
