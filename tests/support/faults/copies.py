"""Backups that are taken and restored while all of Flipline, or a part of it, is down."""

import shutil
from pathlib import Path
from uuid import uuid4

import asyncpg
import sqlalchemy as sa

from tests.support.postgres import plain


def copy_files(data_dir: Path, to: Path) -> None:
    """Copy a data directory as it is."""
    shutil.copytree(data_dir, to)


def restore_files(copy: Path, data_dir: Path, *only: str) -> None:
    """Restore a copy of a data directory; with names such as `state.sqlite`, only these files of it.

    SQLite's companions of a file (-wal, -shm) are restored with it; those of the newer file are removed.
    """
    prefixes = only or ("",)
    for path in data_dir.iterdir():
        if path.name.startswith(prefixes):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in copy.iterdir():
        if path.name.startswith(prefixes):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, data_dir / path.name)


async def copy_database(url: str) -> str:
    """Copy a PostgreSQL database that has no connections; return the URL of the copy."""
    made = sa.make_url(url)
    copy = made.set(database=f"copy_{uuid4().hex}")
    await _administer(url, f'create database "{copy.database}" template "{made.database}"')
    return copy.render_as_string(hide_password=False)


async def restore_database(copy: str, url: str) -> None:
    """Replace a database with a copy; the clients of the database are cut off."""
    name, copied = sa.make_url(url).database, sa.make_url(copy).database
    await drop_database(url)
    await _administer(url, f'create database "{name}" template "{copied}"')


async def drop_database(url: str) -> None:
    """Drop a database; its clients are cut off."""
    await _administer(url, f'drop database "{sa.make_url(url).database}" with (force)')


async def _administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(plain(url, database="postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
