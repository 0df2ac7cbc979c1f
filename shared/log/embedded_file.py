"""The file of the embedded log: its statements, each run in one writing or one reading thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from shared.errors import Misconfigured, Unavailable
from shared.ids import NewId
from shared.log.port import Backlog, Extent, Record

T = TypeVar("T")

# The most that one read returns. A larger record comes alone.
MAX_POLL_RECORDS = 10_000
MAX_POLL_BYTES = 4 * 1024 * 1024
BUSY_TIMEOUT_SECONDS = 5

_SCHEMA = """
create table if not exists record (
    "offset" integer primary key autoincrement,
    topic text not null,
    key text not null,
    value blob not null,
    appended_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ'))
);
create index if not exists record_topic on record (topic, "offset");
create table if not exists log (id text not null, proven_at text);
"""
_END = "select coalesce((select seq from sqlite_sequence where name = 'record'), 0) + 1"


class Rows(NamedTuple):
    """Records of a topic as (offset, value) in order; all others of the topic lie at `next` or after it.

    `full` says whether there may be more of them now.
    """

    found: list[tuple[int, bytes]]
    next: int
    full: bool


class LogFile:
    """A SQLite file of records; every method raises Unavailable for what SQLite cannot do now."""

    def __init__(self, path: Path, new_id: NewId) -> None:
        """Open the file; raises Misconfigured when SQLite cannot use it."""
        try:
            self._writer = _connect(path)
            self._id = _prepared(self._writer, new_id())
            self._reader = _connect(path)
        except sqlite3.Error as error:
            raise Misconfigured(
                "log_unusable",
                f"The log {path} cannot be used ({_code(error)}). Repair it, restore it from a backup, or "
                "name another data directory with --data-dir.",
            ) from error
        self._write_thread = ThreadPoolExecutor(1, "log-write")
        self._read_thread = ThreadPoolExecutor(1, "log-read")

    async def insert(self, records: Sequence[Record]) -> int:
        """Store the records in one transaction and return the offset after the last of them.

        No other process writes meanwhile, so the records have the offsets before it.
        """
        insert = "insert into record (topic, key, value) values (?, ?, ?)"

        def inserted(connection: sqlite3.Connection) -> int:
            connection.executemany(insert, records)
            return int(connection.execute("select last_insert_rowid()").fetchone()[0]) + 1

        return await self._in_write_thread(inserted)

    async def prove_writable(self) -> None:
        """Commit a small change, as an append would."""
        prove = "update log set proven_at = strftime('%Y-%m-%dT%H:%M:%fZ')"
        await self._in_write_thread(lambda connection: connection.execute(prove))

    async def read(self, topic: str, offset: int) -> Rows:
        """Return the records of a topic from an offset on, as many as one read returns."""
        query = (
            'select "offset", value from record where topic = ? and "offset" >= ? order by "offset" limit ?'
        )

        def read(connection: sqlite3.Connection) -> Rows:
            # Before the records: a record that is appended in between is read, or is at the end or after
            # it.
            (end,) = connection.execute(_END).fetchone()
            found: list[tuple[int, bytes]] = []
            size = 0
            for row in connection.execute(query, (topic, offset, MAX_POLL_RECORDS)):
                size += len(row[1])
                if found and size > MAX_POLL_BYTES:
                    return Rows(found, found[-1][0] + 1, full=True)
                found.append(row)
            after = found[-1][0] + 1 if found else offset
            if len(found) == MAX_POLL_RECORDS:
                return Rows(found, after, full=True)
            return Rows(found, max(after, end), full=False)

        return await self._in_read_thread(read)

    async def end(self) -> int:
        """Return the offset that the next record gets, whatever its topic."""
        (end,) = await self._in_read_thread(lambda connection: connection.execute(_END).fetchone())
        return end

    async def value_at(self, topic: str, offset: int) -> bytes | None:
        """Return the value of a topic's record at an offset, None when there is none."""
        query = 'select value from record where topic = ? and "offset" = ?'
        row = await self._in_read_thread(
            lambda connection: connection.execute(query, (topic, offset)).fetchone()
        )
        return None if row is None else row[0]

    async def extent(self, topic: str) -> Extent:
        """Return which offsets of a topic the file has; offsets are given across all topics."""
        query = """
            select coalesce((select seq from sqlite_sequence where name = 'record'), 0) + 1,
                (select min("offset") from record where topic = ?)
        """
        end, begin = await self._in_read_thread(
            lambda connection: connection.execute(query, (topic,)).fetchone()
        )
        return Extent(self._id, end if begin is None else begin, end)

    async def backlog(self, topic: str, offset: int) -> Backlog:
        """Return how many records of a topic lie at or after an offset, and the age of the first."""
        query = """
            select coalesce((select seq from sqlite_sequence where name = 'record'), 0) + 1,
                count(*),
                coalesce(max(0, 86400 * (julianday('now') - julianday(
                    (select appended_at from record where topic = ?1 and "offset" >= ?2
                     order by "offset" limit 1)))), 0)
            from record where topic = ?1 and "offset" >= ?2
        """
        row = await self._in_read_thread(
            lambda connection: connection.execute(query, (topic, offset)).fetchone()
        )
        return Backlog(offset, *row)

    def close(self) -> None:
        """Finish what is under way and close the file."""
        self._write_thread.shutdown()
        self._read_thread.shutdown()
        self._writer.close()
        self._reader.close()

    async def _in_write_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._write_thread, self._commit, work)

    def _commit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _our_faults_as_unavailable("written"):
            try:
                self._writer.execute("begin immediate")
                done = work(self._writer)
                self._writer.execute("commit")
                return done
            finally:
                # A full disk may have ended the transaction already; a rollback would then hide the error.
                if self._writer.in_transaction:
                    self._writer.execute("rollback")

    async def _in_read_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_thread, self._read, work)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _our_faults_as_unavailable("read"):
            return work(self._reader)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_SECONDS
    )
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    return connection


def _prepared(connection: sqlite3.Connection, new_log_id: str) -> str:
    """Create what is missing and return the log's id, which is set once."""
    connection.executescript(_SCHEMA)
    connection.execute("insert into log (id) select ? where not exists (select 1 from log)", (new_log_id,))
    (log_id,) = connection.execute("select id from log").fetchone()
    return log_id


@contextmanager
def _our_faults_as_unavailable(action: str) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unavailable(
            "log_unavailable", f"The embedded log cannot be {action} now ({_code(error)})."
        ) from error


def _code(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)
