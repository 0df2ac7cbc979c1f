"""Two databases beside the live one: a copy of its tables, and the tables that a rebuild fills."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from shared.database.engine import Database
from shared.database.migrations import migrate


class Beside(NamedTuple):
    """Both databases, empty, with the newest schema."""

    copy: Database
    rebuilt: Database


@asynccontextmanager
async def beside(directory: Path) -> AsyncGenerator[Beside]:
    """Create both in a directory that the caller removes."""
    files = directory / "live.sqlite", directory / "rebuilt.sqlite"
    await migrate(_url(files[0]))
    shutil.copy(*files)
    async with _opened(files[0]) as copy, _opened(files[1]) as rebuilt:
        yield Beside(copy, rebuilt)


@asynccontextmanager
async def _opened(file: Path) -> AsyncGenerator[Database]:
    database = Database(_url(file))
    try:
        yield database
    finally:
        await database.close()


def _url(file: Path) -> str:
    return f"sqlite:///{file}"
