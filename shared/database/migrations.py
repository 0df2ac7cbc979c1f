"""Alembic from within: bring a database to the schema of this code."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Misconfigured

SCRIPTS = Path(__file__).parents[2] / "deploy" / "migrations"


def alembic_config(url: str) -> Config:
    """Return the configuration for the migrations of this checkout on a database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    # Not an option of the file: those are %-interpolated, and passwords have percent signs.
    config.attributes["url"] = url
    return config


async def migrate(url: str) -> None:
    """Bring the database to the newest revision; does nothing when it is there already."""
    await asyncio.to_thread(command.upgrade, alembic_config(url), "head")


_revision = sa.table("alembic_version", sa.column("version_num", sa.Text))


async def _revision_of(connection: AsyncConnection) -> str | None:
    try:
        return (await connection.execute(sa.select(_revision.c.version_num))).scalar_one_or_none()
    except DBAPIError as error:
        if error.connection_invalidated or not error.orig or "alembic_version" not in str(error.orig):
            raise
        return None


async def require_newest(connection: AsyncConnection) -> None:
    """Raise Misconfigured unless the database has the schema of this code."""
    if await _revision_of(connection) != ScriptDirectory.from_config(alembic_config("")).get_current_head():
        raise Misconfigured(
            "schema_differs",
            "The database has not the schema of this version: run `flipline migrate` first, or start the "
            "service.",
        )
