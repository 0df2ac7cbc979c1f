"""The schema and its migrations on both dialects, and how the drivers' troubles are told apart."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

import services.handoff.tables
import services.scoring.tables  # noqa: F401 - all register their tables
import shared.database.dead_letters  # noqa: F401 - as do these
from shared.database import engine
from shared.database.engine import Database
from shared.database.migrations import alembic_config, migrate
from shared.database.schema import metadata
from shared.errors import Misconfigured, Unavailable
from tests.builders import NOON
from tests.patience import patience


async def tables(url: str) -> set[str]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    await engine.dispose()
    return set(names) - {"alembic_version"}


async def test_the_migrations_make_what_the_code_declares(database_url: str) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()
    assert await tables(database_url) == set(metadata.tables)


async def test_the_migrations_can_be_taken_back_and_made_again(database_url: str) -> None:
    await asyncio.to_thread(command.downgrade, alembic_config(database_url), "base")
    assert await tables(database_url) == set()
    await migrate(database_url)
    assert await tables(database_url) == set(metadata.tables)


async def test_processes_that_migrate_at_once_take_turns(database_url: str, tmp_path: Path) -> None:
    await asyncio.to_thread(command.downgrade, alembic_config(database_url), "base")
    environment = os.environ | {"FLIPLINE_DATABASE_URL": database_url, "FLIPLINE_DATA_DIR": str(tmp_path)}
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services", "migrate", env=environment, cwd=Path(__file__).parents[2]
        )
        for _ in range(3)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await tables(database_url) == set(metadata.tables)


async def test_a_unit_that_raises_leaves_nothing_behind(database: Database) -> None:
    models = metadata.tables["models"]

    async def half_done() -> None:
        async with database.unit() as connection:
            await connection.execute(sa.insert(models).values(model="m", created_at=sa.func.now()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half_done()
    async with database.reading() as connection:
        assert (await connection.execute(sa.select(models))).all() == []


async def test_a_mistake_in_our_own_statement_makes_work_wait(database: Database) -> None:
    """A missing table or a wrong statement is no fault of the message that met it."""
    with pytest.raises(Unavailable, match=r"SQLITE_ERROR|42P01"):
        async with database.unit() as connection:
            await connection.execute(sa.text("select nonsense from nowhere"))


async def test_a_database_that_is_away_is_unavailable() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        await away.ping()
    await away.close()


@pytest.mark.postgres
async def test_a_deadlock_is_something_to_run_again(postgres_url: str) -> None:
    database = Database(postgres_url)
    models = metadata.tables["models"]
    async with database.unit() as connection:
        for name in ("a", "b"):
            await connection.execute(sa.insert(models).values(model=name, created_at=sa.func.now()))
    both = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        async with database.unit() as connection:
            await connection.execute(sa.select(models).where(models.c.model == first).with_for_update())
            await both.wait()
            await connection.execute(sa.select(models).where(models.c.model == second).with_for_update())

    results = await asyncio.gather(lock("a", "b"), lock("b", "a"), return_exceptions=True)
    assert [type(result) for result in results if result] == [Unavailable]
    await database.close()


def test_a_url_of_another_database_is_refused() -> None:
    with pytest.raises(Misconfigured, match="FLIPLINE_DATABASE_URL"):
        Database("mysql://localhost/flipline")


async def test_a_unit_that_was_cancelled_gives_its_lock_back_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was cancelled; on SQLite a cursor left behind kept the one write lock."""
    # Nor may anybody have to wait for it: what is left of a lock is an error at once.
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 0)
    models = metadata.tables["models"]

    async def slow() -> None:
        async with database.unit() as connection:
            for number in range(50):
                row = {"model": f"m{number}", "created_at": NOON}
                await connection.execute(sa.insert(models).values(row))

    for ticks in range(0, 40, 3):
        task = asyncio.create_task(slow())
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with patience(), database.unit() as connection:
            await connection.execute(sa.delete(models))
