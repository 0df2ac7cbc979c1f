"""The log in one SQLite file: what `flipline up` runs on when no Kafka is named.

Every topic is one partition. SQLite gives offsets under its write lock, so they are seen in the order in
which they were given. `synchronous=FULL`: the file is the truth, so a power cut may not take back what
was answered 200.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from shared.errors import Misconfigured, Unavailable
from shared.log.grouping import GroupCommit
from shared.log.port import Message, Partition, Positions, Record

MAX_POLL_RECORDS = 2_000
MAX_GROUP_RECORDS = 5_000
MAX_WAITING_RECORDS = 50_000
# Appends of this process wake its readers at once; those of another process are found by looking.
LOOK_AGAIN_SECONDS = 0.2

_SCHEMA = """
create table if not exists record (
    "offset" integer primary key autoincrement,
    topic text not null,
    key text not null,
    value blob not null,
    appended_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ'))
);
create index if not exists record_topic on record (topic, "offset");
"""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma synchronous=full")
    return connection


class EmbeddedLog:
    """A log in a file, with one writing and one reading thread."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            self._writer = _connect(path)
            self._writer.executescript(_SCHEMA)
            self._reader = _connect(path)
        except sqlite3.Error as error:
            raise Misconfigured(
                "log_unusable",
                f"The log {path} cannot be used: {error}. Mend that, restore it from a backup, or "
                "name another data directory with --data-dir.",
            ) from error
        self._write_thread = ThreadPoolExecutor(1, "log-write")
        self._read_thread = ThreadPoolExecutor(1, "log-read")
        self._group = GroupCommit(self._write, max_group=MAX_GROUP_RECORDS, max_waiting=MAX_WAITING_RECORDS)
        self._appended: dict[str, asyncio.Event] = {}

    async def append(self, records: Sequence[Record]) -> None:
        """Write the records, together with others that arrive meanwhile, in one transaction."""
        if records:
            await self._group.append(records)

    async def _write(self, records: Sequence[Record]) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._write_thread, self._insert, records)
        for topic in {record.topic for record in records}:
            self._appended.pop(topic, asyncio.Event()).set()

    def _insert(self, records: Sequence[Record]) -> None:
        try:
            self._writer.execute("begin immediate")
            try:
                self._writer.executemany("insert into record (topic, key, value) values (?, ?, ?)", records)
                self._writer.execute("commit")
            except BaseException:
                self._writer.execute("rollback")
                raise
        except sqlite3.Error as error:
            raise Unavailable("log_unavailable", f"The embedded log cannot write: {error}") from error

    async def read(self, topic: str, offset: int) -> list[tuple[int, bytes]]:
        """Return up to MAX_POLL_RECORDS (offset, value) pairs of a topic from an offset on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._read_thread, self._select, topic, offset)

    def _select(self, topic: str, offset: int) -> list[tuple[int, bytes]]:
        return self._reader.execute(
            'select "offset", value from record where topic = ? and "offset" >= ? order by "offset" limit ?',
            (topic, offset, MAX_POLL_RECORDS),
        ).fetchall()

    async def count_from(self, topic: str, offset: int) -> int:
        """Return how many records of a topic lie at or after an offset."""
        loop = asyncio.get_running_loop()
        query = 'select count(*) from record where topic = ? and "offset" >= ?'
        rows = await loop.run_in_executor(
            self._read_thread, lambda: self._reader.execute(query, (topic, offset)).fetchone()
        )
        return int(rows[0])

    async def replay(self, topic: str) -> AsyncGenerator[Sequence[Message]]:
        """Read all that a topic has now, beside its readers."""
        query = 'select coalesce(max("offset"), -1) from record where topic = ?'
        loop = asyncio.get_running_loop()
        (last,) = await loop.run_in_executor(
            self._read_thread, lambda: self._reader.execute(query, (topic,)).fetchone()
        )
        offset = 0
        while offset <= last:
            rows = [row for row in await self.read(topic, offset) if row[0] <= last]
            offset = rows[-1][0] + 1
            yield [Message(Partition(topic, 0), *row) for row in rows]

    def next_append(self, topic: str) -> asyncio.Event:
        """Return what this process's next append to the topic will set; take it before looking."""
        return self._appended.setdefault(topic, asyncio.Event())

    @asynccontextmanager
    async def consume(
        self, topic: str, group: str, positions: Positions
    ) -> AsyncGenerator["EmbeddedConsumer"]:
        """Read a topic; a second reader of the group waits until the first is gone, however it went."""
        lock = FileLock(f"{self._path}.{group}.{topic}.lock", thread_local=False)
        try:
            yield EmbeddedConsumer(self, Partition(topic, 0), positions, lock)
        finally:
            lock.release(force=True)

    async def ping(self) -> None:
        """Raise Unavailable when the file cannot be read."""
        try:
            await self.read("", 0)
        except sqlite3.Error as error:
            raise Unavailable("log_unavailable", f"The embedded log cannot be read: {error}") from error

    async def close(self) -> None:
        """Finish the writes under way and close the file."""
        await self._group.close()
        self._write_thread.shutdown()
        self._read_thread.shutdown()
        self._writer.close()
        self._reader.close()


class EmbeddedConsumer:
    """The reader of one topic for a group.

    The group's lock is the operating system's lock on a file, so it is free the moment its holder dies.
    """

    def __init__(self, log: EmbeddedLog, partition: Partition, positions: Positions, lock: FileLock) -> None:
        self._log = log
        self._partition = partition
        self._positions = positions
        self._lock = lock
        self._next: int | None = None

    async def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """Return the next messages once this reader holds the group's lock."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            appended = self._log.next_append(self._partition.topic)
            if self._owned():
                if self._next is None:
                    self._next = await self._positions.claim(self._partition)
                rows = await self._log.read(self._partition.topic, self._next)
                if rows:
                    self._next = rows[-1][0] + 1
                    return [Message(self._partition, offset, value) for offset, value in rows]
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return ()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_AGAIN_SECONDS)):
                    await appended.wait()

    def _owned(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    async def acknowledge(self, next_offsets: Mapping[Partition, int]) -> None:
        """Do nothing: the group's own position is the only one there is."""

    def stand_down(self) -> None:
        """Claim anew at the next poll: whoever holds the lock is the group's reader."""
        self._next = None
        self._positions.release(self._partition)

    async def lag(self) -> int:
        """Return how many records are not read yet."""
        return 0 if self._next is None else await self._log.count_from(self._partition.topic, self._next)
