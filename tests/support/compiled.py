"""Statements are compiled once for all engines of a dialect, and not once for the engine of each test.

A new compilation took a third of the processor time of a test with tables. What is compiled depends on the
dialect alone, and all engines here set it up alike. Processes that tests start are not affected.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from shared.database import greenlets, threads

_CACHE: LRUCache[Any, Any] = LRUCache(5_000)


def share_compiled_statements() -> None:
    """Have all engines that are made from now on share one cache of compiled statements."""
    dialects: tuple[Any, ...] = (PGDialect_asyncpg, SQLiteDialect_pysqlite)
    for dialect in dialects:
        # The dialect is a part of the cache's key.
        dialect.__hash__ = lambda self: hash(type(self))
        dialect.__eq__ = lambda self, other: type(self) is type(other)

    greenlets.create_async_engine = _sharing(greenlets.create_async_engine)
    threads._engine = _sharing(threads._engine)


def _sharing(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*arguments: Any, **more: Any) -> Any:
        engine: sa.Engine | AsyncEngine = make(*arguments, **more)
        sync_engine = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        sync_engine._compiled_cache = _CACHE
        return engine

    return made
