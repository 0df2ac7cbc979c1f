"""Alembic's environment: runs the migrations on the URL that the caller put into the configuration."""

import asyncio

import sqlalchemy as sa
from alembic import context

from services.handoff.store import tables as handoff_tables
from services.scoring.store import fold_tables
from services.scoring.store import tables as scoring_tables
from shared.database import dead_letters, outbox, positions
from shared.database.engine import Database
from shared.database.lock_numbers import MIGRATION
from shared.database.schema import metadata

# Importing a module registers its tables; naming it here says that this is why.
REGISTERED = (handoff_tables, scoring_tables, fold_tables, dead_letters, outbox, positions)


def run(connection: sa.Connection) -> None:
    """Run the migrations in one transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"select pg_advisory_xact_lock({MIGRATION})"))
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    """Open the database and migrate it in one unit: on SQLite that excludes other writers from the start."""
    database = Database(context.config.attributes["url"])
    try:
        await database.unit(run)
    finally:
        await database.close()


asyncio.run(connect())
