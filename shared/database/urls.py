"""URLs of databases: parsed with care, since people write them, and shown without the password."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from shared.errors import Misconfigured

SQLITE = "sqlite"
POSTGRESQL = "postgresql+asyncpg"
# A URL without a driver gets ours; earlier versions used aiosqlite for SQLite.
_DRIVERS = {"sqlite+aiosqlite": SQLITE, "postgresql": POSTGRESQL, "postgres": POSTGRESQL}
_LAST_PORT = 65535
# The options of asyncpg and of SQLAlchemy's dialect whose values can be written as text.
_OPTIONS = {
    "gsslib", "host", "krbsrvname", "passfile", "port", "prepared_statement_cache_size", "ssl",
    "target_session_attrs",
}  # fmt: skip


def read_url(url: str) -> sa.URL:
    """Return the parts of a database URL; raises Misconfigured, which never shows the URL itself."""
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        # Without the cause: its text may quote a password.
        raise _invalid(
            "is not a URL. Write @, : and / in a password as %40, %3A and %2F; "
            f"an example is {POSTGRESQL}://user:password@host:5432/database"
        ) from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.drivername not in {SQLITE, POSTGRESQL}:
        raise _invalid(f"must start with {SQLITE}:// or {POSTGRESQL}://")
    if parsed.drivername == SQLITE:
        if not parsed.database or parsed.database == ":memory:" or "uri" in parsed.query:
            raise _invalid(f"names no file; an example is {SQLITE}:////var/lib/flipline/state.sqlite")
    elif parsed.port is not None and not 1 <= parsed.port <= _LAST_PORT:
        raise _invalid(f"has port {parsed.port}; the last port is {_LAST_PORT}")
    elif unknown := sorted(parsed.query.keys() - _OPTIONS):
        raise _invalid(f"has the option {unknown[0]}; only {', '.join(sorted(_OPTIONS))} can be used")
    return parsed


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite database, None for any other; raises Misconfigured as `read_url`."""
    parsed = read_url(url)
    return Path(parsed.database) if parsed.drivername == SQLITE and parsed.database else None


def described(url: str) -> str:
    """Return the words for a database in a sentence: its file, or its name and its server."""
    parsed = read_url(url)
    if parsed.drivername == SQLITE:
        return f"The database {parsed.database}"
    host = parsed.host or parsed.query.get("host", "localhost")
    return f"The database {parsed.database} at {host}" + (f":{parsed.port}" if parsed.port else "")


def _invalid(problem: str) -> Misconfigured:
    return Misconfigured("database_url_invalid", f"FLIPLINE_DATABASE_URL {problem}.")
