"""Locks of another process on a SQLite file, and of another session on a table of PostgreSQL."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import asyncpg

from tests.support.postgres import plain

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
connection.execute("begin immediate")
print("held", flush=True)
sys.stdin.read()
connection.execute("rollback")
"""

TableLock = Literal["access exclusive", "share row exclusive", "share"]


@asynccontextmanager
async def file_locked(path: Path, *, patience_seconds: float) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Have another process hold the write lock of a SQLite file, which leaves readers alone.

    The process may be killed in the block: its lock goes with it.
    """
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD, str(path), str(patience_seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert holder.stdout
    try:
        if await holder.stdout.readline() != b"held\n":
            raise TimeoutError(f"{path} cannot be locked: somebody else has the lock")
        yield holder
    finally:
        # The process waits for the end of its standard input.
        await holder.communicate(b"")


@asynccontextmanager
async def table_locked(
    url: str, table: str, mode: TableLock = "access exclusive"
) -> AsyncGenerator[asyncpg.Connection]:
    """Lock a table of PostgreSQL: `access exclusive` stops all sessions, the other modes only writers."""
    connection = await asyncpg.connect(plain(url))
    try:
        async with connection.transaction():
            await connection.execute(f"lock table {table} in {mode} mode")
            yield connection
    finally:
        await connection.close()
