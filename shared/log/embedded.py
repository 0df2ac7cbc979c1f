"""The log in one SQLite file: `flipline up` uses it when no Kafka is configured.

Every topic is one partition. SQLite assigns offsets under its write lock, so they become visible in the
order in which they were assigned. `synchronous=FULL`: the file is the source of truth, so a power cut must
not lose what was answered with 200.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from shared.ids import NewId, new_id
from shared.log.continuity import check_extent, check_last, has_last
from shared.log.embedded_file import LogFile, Rows
from shared.log.embedded_tail import Tail
from shared.log.grouping import GroupCommit
from shared.log.port import Backlog, Message, Partition, Positions, Record

MAX_GROUP_RECORDS = 5_000
MAX_WAITING_RECORDS = 50_000
# Appends of this process wake its readers at once; readers poll for the appends of another process.
LOOK_AGAIN_SECONDS = 0.2
# Anybody may ask for readiness, and each check costs a write to the disk.
PROOF_LASTS_SECONDS = 1.0


class EmbeddedLog:
    """A log in a file, with one writing and one reading thread."""

    def __init__(self, path: Path, new_id: NewId = new_id) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = LogFile(path, new_id)
        self._group = GroupCommit(self._write, max_group=MAX_GROUP_RECORDS, max_waiting=MAX_WAITING_RECORDS)
        self._tail = Tail()
        self._looked_at = float("-inf")
        self._appended: dict[str, asyncio.Event] = {}
        self._proving = asyncio.Lock()
        self._proven_at = float("-inf")

    async def append(self, records: Sequence[Record]) -> None:
        """Write the records, together with others that arrive meanwhile, in one transaction."""
        if records:
            await self._group.append(records)

    async def _write(self, records: Sequence[Record]) -> None:
        self._tail.add(records, await self._file.insert(records))
        for topic in {record.topic for record in records}:
            self._appended.pop(topic, asyncio.Event()).set()

    async def replay(self, topic: str) -> AsyncGenerator[Sequence[Message]]:
        """Read all that a topic has now, beside its readers."""
        last = (await self._file.extent(topic)).end - 1
        offset = 0
        while rows := [row for row in (await self._file.read(topic, offset)).found if row[0] <= last]:
            offset = rows[-1][0] + 1
            yield [Message(Partition(topic, 0), *row) for row in rows]

    async def read(self, topic: str, offset: int) -> Rows:
        """Return what a topic has from an offset on, from memory when memory has all of it."""
        await self._look()
        rows = self._tail.read(topic, offset)
        if rows is None:
            return await self._file.read(topic, offset)
        return Rows(rows, max(offset, self._tail.end), full=False)

    async def _look(self) -> None:
        """Look, now and then, for records that another process has appended."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._looked_at = now
            end = await self._file.end()
            if end > self._tail.end:
                self._tail.begin_at(end)

    def next_append(self, topic: str) -> asyncio.Event:
        """Return what this process's next append to the topic will set; call it before you read."""
        return self._appended.setdefault(topic, asyncio.Event())

    @asynccontextmanager
    async def consume(
        self, topic: str, group: str, positions: Positions
    ) -> AsyncGenerator["EmbeddedConsumer"]:
        """Read a topic; a second reader of the group waits until the first has ended, also by a crash."""
        lock = FileLock(f"{self._path}.{group}.{topic}.lock", thread_local=False)
        consumer = EmbeddedConsumer(self, self._file, Partition(topic, 0), positions, lock)
        try:
            yield consumer
        finally:
            consumer.close()

    async def ping(self) -> None:
        """Write to the file; raises Unavailable when that cannot be done now."""
        loop = asyncio.get_running_loop()
        async with self._proving:
            if loop.time() - self._proven_at > PROOF_LASTS_SECONDS:
                await self._file.prove_writable()
                self._proven_at = loop.time()

    async def close(self) -> None:
        """Finish the writes under way and close the file."""
        await self._group.close()
        self._file.close()


class EmbeddedConsumer:
    """The reader of one topic for a group.

    The group's lock is the operating system's lock on a file, so it is released when its process dies.
    """

    def __init__(
        self, log: EmbeddedLog, file: LogFile, partition: Partition, positions: Positions, lock: FileLock
    ) -> None:
        self._log = log
        self._file = file
        self._partition = partition
        self._positions = positions
        self._lock = lock
        self._next: int | None = None
        self._ahead: asyncio.Task[Rows] | None = None
        self._unapplied_from: int | None = None

    async def poll(self, timeout_seconds: float) -> Sequence[Message]:
        """Return the next messages once this reader has the group's lock."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while True:
            appended = self._log.next_append(self._partition.topic)
            if self._owned():
                if self._next is None:
                    self._next = await self._claim()
                    self._unapplied_from = self._next
                if rows := await self._read(self._next):
                    return [Message(self._partition, offset, value) for offset, value in rows]
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                return ()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(remaining, LOOK_AGAIN_SECONDS)):
                    await appended.wait()

    async def _read(self, offset: int) -> list[tuple[int, bytes]]:
        ahead, self._ahead = self._ahead, None
        rows = await (ahead or self._log.read(self._partition.topic, offset))
        self._next = rows.next
        if rows.full:
            # While the caller is at work on these.
            self._ahead = asyncio.create_task(self._log.read(self._partition.topic, rows.next))
        return rows.found

    def _drop_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None

    def close(self) -> None:
        """Release the lock."""
        self._drop_ahead()
        self._lock.release(force=True)

    async def _claim(self) -> int:
        extent = await self._file.extent(self._partition.topic)
        position = await self._positions.stored(self._partition)
        if position is not None:
            check_extent(self._partition, position, extent)
            if has_last(position, extent):
                value = await self._file.value_at(self._partition.topic, position.next_offset - 1)
                check_last(self._partition, position, value)
        return await self._positions.claim(self._partition, extent.log_id)

    def _owned(self) -> bool:
        if self._lock.is_locked:
            return True
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            return False
        return True

    async def acknowledge(self, next_offsets: Mapping[Partition, int]) -> None:
        """Note how far the group is; the group alone stores its position."""
        self._unapplied_from = next_offsets.get(self._partition, self._unapplied_from)

    def stand_down(self) -> None:
        """Claim anew at the next poll: the holder of the lock is the group's reader."""
        self._next = None
        self._drop_ahead()
        self._positions.release(self._partition)

    async def backlog(self) -> Mapping[Partition, Backlog]:
        """Return how far the reader is behind; empty while another reader has the group's lock."""
        if self._next is None or self._unapplied_from is None:
            return {}
        return {self._partition: await self._file.backlog(self._partition.topic, self._unapplied_from)}
