"""Proof that a worker is alive: a lock that ends by itself when the worker dies.

With SQLite it is a lock of the operating system on a file, on PostgreSQL an advisory lock of a session. A
frozen worker keeps its lock. If another worker can take the lock, its owner is dead and its leases are void.
"""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, TypeAlias

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from services.handoff.store import proofs
from shared.database.connections import OpenConnection
from shared.database.engine import Database
from shared.errors import Unavailable


class Proof(Protocol):
    """A worker's proof of life as long as the lock is held."""

    async def check(self) -> None:
        """Raise Unavailable when the proof is lost."""
        ...

    def dead(self, workers: Collection[str]) -> AbstractAsyncContextManager[set[str]]:
        """Open with the dead workers; their proofs stay locked until it closes, so none can come back."""
        ...


Prove: TypeAlias = Callable[[Database, str], AbstractAsyncContextManager[Proof]]


def prove(database: Database, worker: str) -> AbstractAsyncContextManager[Proof]:
    """Hold a worker's proof of life, as the database's dialect provides it; raises Unavailable."""
    return _by_session(database, worker) if database.dialect == "postgresql" else _by_file(database, worker)


@asynccontextmanager
async def _by_file(database: Database, worker: str) -> AsyncGenerator[Proof]:
    proof = FileProof(await database.read(proofs.file_of), worker)
    try:
        yield proof
    finally:
        proof.release()


class FileProof:
    """A locked file beside the database file, `<its name>-handoff-<worker>.lock`."""

    def __init__(self, database_file: Path, worker: str) -> None:
        self._worker = worker
        self._start = f"{database_file.name}-handoff-"
        self._folder = database_file.parent
        self._path = self._folder / f"{self._start}{worker}.lock"
        try:
            self._lock = _lock(self._path)
            self._identity = self._file_identity()
        except (OSError, Timeout) as error:
            raise Unavailable(
                "proof_refused", f"The worker's lock file cannot be locked: {type(error).__name__}."
            ) from error

    def _file_identity(self) -> tuple[int, int]:
        found = self._path.stat()
        return found.st_dev, found.st_ino

    async def check(self) -> None:
        """Raise Unavailable when the file was removed or replaced."""
        try:
            unchanged = self._file_identity() == self._identity
        except OSError:
            unchanged = False
        if not unchanged:
            raise Unavailable("proof_lost", "The worker's lock file was removed or replaced.")

    def release(self) -> None:
        """Unlock the file and remove it, unless another file has replaced it."""
        with ExitStack() as stack:
            stack.callback(self._lock.release)
            if self._path.exists() and self._file_identity() == self._identity:
                self._path.unlink(missing_ok=True)

    @asynccontextmanager
    async def dead(self, workers: Collection[str]) -> AsyncGenerator[set[str]]:
        """Open with the dead among the workers and those that left a file; removes their files at the end."""
        # No path is built from a name in the database: only files that exist are looked at.
        files = {
            path.name[len(self._start) : -len(".lock")]: path
            for path in self._folder.glob(f"{self._start}*.lock")
        }
        dead = set(workers) - files.keys()
        with ExitStack() as locks:
            for worker, path in files.items() - {(self._worker, self._path)}:
                try:
                    locks.callback(_lock(path).release)
                except (OSError, Timeout):
                    continue  # locked, or not accessible
                dead.add(worker)
            yield dead - {self._worker}
            for worker in dead & files.keys():
                files[worker].unlink(missing_ok=True)


def _lock(path: Path) -> FileLock:
    lock = FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
    lock.acquire(blocking=False)
    return lock


@asynccontextmanager
async def _by_session(database: Database, worker: str) -> AsyncGenerator[Proof]:
    async with database.open_read() as connection:
        await connection.run(_begin_no_transaction)
        try:
            if not await connection.run(lambda session: proofs.try_lock(session, key_of(worker))):
                raise Unavailable("proof_refused", "Another session holds the worker's advisory lock.")
            yield SessionProof(connection)
        finally:
            # The locks are the session's, so it must not go back to the pool with them.
            await connection.invalidate()


def _begin_no_transaction(connection: Connection) -> None:
    # A transaction would end by its own timeout while nothing happens in it.
    connection.execution_options(isolation_level="AUTOCOMMIT")


class SessionProof:
    """An advisory lock held by a connection that belongs to the worker."""

    def __init__(self, connection: OpenConnection) -> None:
        self._connection = connection

    async def check(self) -> None:
        """Ask the server for an answer, which fails when the session and its lock are lost."""
        await self._connection.run(proofs.touch)

    @asynccontextmanager
    async def dead(self, workers: Collection[str]) -> AsyncGenerator[set[str]]:
        """Open with the workers whose advisory locks this session could take; it holds them meanwhile."""

        def lock_dead(connection: Connection) -> list[str]:
            return [worker for worker in workers if proofs.try_lock(connection, key_of(worker))]

        def unlock_all(connection: Connection) -> None:
            for dead_worker in dead:
                proofs.unlock(connection, key_of(dead_worker))

        dead = await self._connection.run(lock_dead)
        try:
            yield set(dead)
        finally:
            await self._connection.run(unlock_all)


def key_of(worker: str) -> int:
    """Return the key of a worker's advisory lock: 64 bits, signed, in its own range of keys."""
    digest = blake2b(worker.encode(), digest_size=8, person=b"flipline.handoff").digest()
    return int.from_bytes(digest, "big", signed=True)
