"""Alembic's environment: runs the migrations on the URL that the caller put into the configuration."""

import asyncio

import sqlalchemy as sa
from alembic import context

import services.handoff.tables
import services.scoring.tables  # noqa: F401
import shared.database.outbox
import shared.database.positions  # noqa: F401
from shared.database.engine import Database
from shared.database.schema import metadata

# Any constant: two processes that migrate at once take turns.
LOCK = 4_201_337


def run(connection: sa.Connection) -> None:
    """Run the migrations in one transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"select pg_advisory_xact_lock({LOCK})"))
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    """Open the database and migrate it in one unit: on SQLite that excludes other writers from the start."""
    database = Database(context.config.attributes["url"])
    try:
        async with database.unit() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(connect())
