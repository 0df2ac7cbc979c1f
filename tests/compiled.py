"""Statements are compiled once for all engines of a dialect, and not once for the engine of each test.

To compile them anew took a third of the processor time of a test with tables. What is compiled depends on the
dialect alone, and all engines here set it up alike. Processes that tests start are not affected.
"""

from typing import Any

import sqlalchemy.ext.asyncio as sa_asyncio
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.util import LRUCache

from shared.database import engine

_CACHE: LRUCache[Any, Any] = LRUCache(5_000)


def share_compiled_statements() -> None:
    """Have all engines that are made from now on keep compiled statements in one place."""
    for dialect in (PGDialect_asyncpg, SQLiteDialect_aiosqlite):
        # The dialect is a part of the key under which a compiled statement is kept.
        dialect.__hash__ = lambda self: hash(type(self))
        dialect.__eq__ = lambda self, other: type(self) is type(other)

    def make(*args: Any, **more: Any) -> sa_asyncio.AsyncEngine:
        made = sa_asyncio.create_async_engine(*args, **more)
        made.sync_engine._compiled_cache = _CACHE
        return made

    engine.create_async_engine = make
