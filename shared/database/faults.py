"""Classifies errors of the database: about the data of a message, or a fault of ours.

Only an error about the data itself recurs with the same message: SQLSTATE class 22 (data exception) and 23
(integrity constraint violation), 54000 (a value too large for an index), and SQLite's IntegrityError and
DataError (which includes "string or blob too big"). Such errors pass through. Every other error is ours,
such as a full disk, a statement timeout or a missing table: it becomes Unavailable, and the work waits.

Classes after https://www.postgresql.org/docs/current/errcodes-appendix.html and https://sqlite.org/rescode.html.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import Unavailable
from shared.reasons import driver_code

NO_TABLE: Final = "42P01"
_FAULTS_OF_DATA: Final = ("22", "23", "54000")
_HINTS: Final = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another process holds the lock",
    "SQLITE_LOCKED": "another connection holds the lock",
    "SQLITE_READONLY": "the file is read-only",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_IOERR": "the disk failed to read or write",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is not a SQLite database",
    "53100": "the disk is full",
    "53200": "the server is out of memory",
    "53300": "the server has no free connection",
    "55P03": "another session holds the lock",
    "57014": "a statement timed out or was cancelled",
    "57P03": "the server is starting or stopping",
    "25006": "the server is read-only",
}


@contextmanager
def our_faults_as_unavailable() -> Generator[None]:
    """Raise Unavailable for every error that is not about the data; errors about the data pass."""
    try:
        yield
    except DBAPIError as error:
        if is_about_data(error):
            raise
        raise unavailable(_code(error)) from error
    except StatementError:
        # The statement never reached the server: a value does not fit its type.
        raise
    except (SQLAlchemyError, OSError, PoolTimeoutError, MemoryError) as error:
        raise unavailable(type(error).__name__) from error


def unavailable(code: str) -> Unavailable:
    """Return the error for a fault with this code, which is SQLSTATE, SQLite's name or a class name."""
    if code == NO_TABLE:
        return Unavailable(
            "database_not_migrated", "The database lacks a table: run `flipline migrate`; the work waits."
        )
    hint = next((hint for start, hint in _HINTS.items() if code.startswith(start)), None)
    return Unavailable(
        "database_unavailable",
        f"The database cannot do this now ({code}{f': {hint}' if hint else ''}); the work waits.",
    )


def _code(error: DBAPIError) -> str:
    # SQLite has one code for every mistake in a statement; only its message says that a table is missing.
    if str(error.orig).startswith("no such table"):
        return NO_TABLE
    return driver_code(error) or type(error.orig or error).__name__


def is_about_data(error: DBAPIError) -> bool:
    """Return whether the same data would fail again on a healthy database."""
    if error.connection_invalidated:
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if isinstance(sqlstate, str):
        return sqlstate.startswith(_FAULTS_OF_DATA)
    return isinstance(error, (IntegrityError, DataError))
