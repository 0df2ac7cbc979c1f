"""Alembic from within: bring a database to the schema of this code."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config

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
