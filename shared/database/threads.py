"""Units of work on SQLite: each runs whole in a thread, since a hop to a thread costs more than a statement.

SQLite has one writer at a time. The writers of a process therefore share one connection and one thread, and
begin with BEGIN IMMEDIATE: a transaction that starts reading and wants to write later would fail at once
instead of waiting. Writers take turns in the order of their requests, so no writer starves.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import event

from shared.database.connections import OpenConnection, Work
from shared.database.faults import unavailable

BUSY_TIMEOUT_MS: Final = 10_000
# A writer that waits this long for its turn gives up, so that an HTTP request does not hang.
WRITER_WAIT_SECONDS: Final = 30.0
READERS: Final = 4
# The most open readers, beside the readers of single units; a further reader waits until one is closed.
MOST_OPEN: Final = 8

T = TypeVar("T")


class Threads:
    """A writer and some readers, each with a thread and a connection."""

    def __init__(self, url: sa.URL) -> None:
        self._writer = _engine(url, pool_size=1, begin="BEGIN IMMEDIATE")
        self._reader = _engine(url, pool_size=READERS + MOST_OPEN, begin="BEGIN")
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._turn = asyncio.Lock()

    async def write(self, work: Work[T]) -> T:
        """Do the work in a transaction and commit it."""
        async with self._writers_turn():
            return await _whole(self._writing, self._writer, work)

    async def read(self, work: Work[T]) -> T:
        """Do the work in a transaction that only reads."""
        return await _whole(self._reading, self._reader, work)

    @asynccontextmanager
    async def open_writer(self) -> AsyncGenerator[OpenConnection]:
        """Open a transaction that commits when the block ends and rolls back when it raises."""
        async with self._writers_turn(), _opened(self._writing, self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def open_reader(self) -> AsyncGenerator[OpenConnection]:
        """Open a transaction that only reads; it has a thread of its own, so calls on it never overlap."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-open")
        try:
            async with _opened(thread, self._reader) as connection:
                yield connection
        finally:
            thread.shutdown(wait=False)

    @asynccontextmanager
    async def _writers_turn(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(WRITER_WAIT_SECONDS):
                await self._turn.acquire()
        except TimeoutError as error:
            raise unavailable("WRITER_BUSY") from error
        try:
            yield
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Close the connections once all calls under way have ended."""
        for threads, engine in ((self._writing, self._writer), (self._reading, self._reader)):
            await asyncio.to_thread(threads.shutdown)
            engine.dispose()


async def _whole(threads: ThreadPoolExecutor, engine: sa.Engine, work: Work[T]) -> T:
    call = _Call()

    def whole() -> T:
        with engine.begin() as connection:
            with call.on(connection):
                done = work(connection)
            call.check()
        return done

    return await call.awaited(threads, whole)


@asynccontextmanager
async def _opened(thread: ThreadPoolExecutor, engine: sa.Engine) -> AsyncGenerator[OpenConnection]:
    opened = _Open(thread, engine)
    try:
        await opened.begin()
        yield opened
        await opened.commit()
    finally:
        await opened.close()


class _Open(OpenConnection):
    """A connection in one thread, where calls wait for each other."""

    def __init__(self, thread: ThreadPoolExecutor, engine: sa.Engine) -> None:
        self._thread = thread
        self._engine = engine
        self._connection: sa.Connection | None = None

    async def begin(self) -> None:
        def connect() -> None:
            self._connection = self._engine.connect()
            self._connection.begin()

        await _Call().awaited(self._thread, connect)

    async def run(self, work: Work[T]) -> T:
        call, connection = _Call(), self._connected

        def run() -> T:
            with call.on(connection):
                return work(connection)

        return await call.awaited(self._thread, run)

    async def invalidate(self) -> None:
        await _Call().awaited(self._thread, self._connected.invalidate)

    async def commit(self) -> None:
        await _Call().awaited(self._thread, self._connected.commit)

    async def close(self) -> None:
        # Handed to the thread at once, so it is closed even when the caller no longer waits.
        closed = self._thread.submit(lambda: self._connection and self._connection.close())
        await asyncio.shield(asyncio.wrap_future(closed))

    @property
    def _connected(self) -> sa.Connection:
        if self._connection is None:
            raise RuntimeError("the connection is not open")
        return self._connection


# The key under which a connection stores the call that uses it.
_CALL: Final = "call"


class _Cancelled(Exception):
    """The caller was cancelled, so the transaction rolls back."""


class _Call:
    """A function that runs in a thread and stops at its next statement when its caller is cancelled.

    The caller does not wait for it to stop: another process may have SQLite's lock for seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._driver: Any = None

    async def awaited(self, threads: ThreadPoolExecutor, run: Callable[[], T]) -> T:
        """Run the function in one of the threads and return what it returned."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(threads, copy_context().run, run)
        except asyncio.CancelledError:
            self._cancel()
            raise

    @contextmanager
    def on(self, connection: sa.Connection) -> Generator[None]:
        """Let the statements of the block be interrupted."""
        with self._lock:
            self._driver = connection.connection.dbapi_connection
        connection.info[_CALL] = self
        try:
            self.check()
            yield
        finally:
            del connection.info[_CALL]
            with self._lock:
                self._driver = None

    def check(self) -> None:
        """Raise when the caller was cancelled."""
        if self._cancelled:
            raise _Cancelled

    def _cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._driver is not None:
                self._driver.interrupt()


def check_cancelled(connection: sa.Connection) -> None:
    """Raise when the caller of the work was cancelled: an interrupt between two statements stops neither."""
    call: _Call | None = connection.info.get(_CALL)
    if call is not None:
        call.check()


def _engine(url: sa.URL, *, pool_size: int, begin: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=pool_size, max_overflow=0, hide_parameters=True)

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins, not the driver
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode=wal")
        cursor.execute("pragma synchronous=full")
        cursor.execute(f"pragma busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.execute("pragma foreign_keys=on")
        cursor.close()

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    def before_statement(connection: sa.Connection, *_: Any) -> None:
        check_cancelled(connection)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    event.listen(engine, "before_cursor_execute", before_statement)
    return engine
