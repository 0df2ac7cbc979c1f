"""Alembic from within: bring a database to the schema of this code."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from shared.database.engine import Database
from shared.database.reasons import driver_reason
from shared.database.urls import described, sqlite_file
from shared.errors import Misconfigured, Unavailable

SCRIPTS = Path(__file__).parents[2] / "deploy" / "migrations"


def alembic_config(url: str) -> Config:
    """Return the configuration for the migrations of this checkout on a database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    # Not an option of the file: those are %-interpolated, and passwords have percent signs.
    config.attributes["url"] = url
    return config


async def migrate(url: str) -> None:
    """Bring the database to the newest revision; does nothing when it is there already.

    Raises Misconfigured, with what to do, when the database cannot be used.
    """
    file = sqlite_file(url)
    if file is not None and not file.parent.is_dir():
        raise Misconfigured(
            "database_missing",
            f"{described(url)} is in a directory that does not exist: create {file.parent}, or correct "
            "FLIPLINE_DATABASE_URL.",
        )
    try:
        await asyncio.to_thread(command.upgrade, alembic_config(url), "head")
    except CommandError as error:
        raise Misconfigured(
            "schema_unknown",
            f"{described(url)} has a schema that this version of Flipline does not know ({error}). Run the "
            "version that made it or a newer version, or name another database with FLIPLINE_DATABASE_URL.",
        ) from error
    except (Unavailable, SQLAlchemyError) as error:
        advice = (
            "Start the server, or correct FLIPLINE_DATABASE_URL."
            if file is None
            else "Repair it, restore it from a backup, or name another data directory with --data-dir."
        )
        raise Misconfigured(
            "database_unusable", f"{described(url)} cannot be used: {driver_reason(error)}. {advice}"
        ) from error


_revision = sa.table("alembic_version", sa.column("version_num", sa.Text))


async def require_newest(database: Database) -> None:
    """Raise Misconfigured unless the database has the schema of this code, Unavailable when it is down."""
    newest = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    if await _revision_of(database) != newest:
        raise Misconfigured(
            "schema_differs",
            "The database does not have the schema of this version: run `flipline migrate` first, "
            "or start the service.",
        )


async def _revision_of(database: Database) -> str | None:
    query = sa.select(_revision.c.version_num)
    try:
        return await database.read(lambda connection: connection.execute(query).scalar_one_or_none())
    except Unavailable as error:
        if error.code == "database_not_migrated":
            return None
        raise
