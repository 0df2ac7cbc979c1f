"""Alembic's environment: runs the migrations on the URL that the caller put into the configuration."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

import services.handoff.tables  # noqa: F401 - each import registers its tables
import services.scoring.tables  # noqa: F401
import shared.database.outbox  # noqa: F401
import shared.database.positions  # noqa: F401
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
    """Open the database and migrate it."""
    engine = create_async_engine(context.config.attributes["url"])
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(connect())
