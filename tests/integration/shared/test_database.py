"""The schema and its migrations on both dialects, and the classification of drivers' errors."""

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

import services.handoff.store.tables
import services.scoring.store.tables  # noqa: F401 - all register their tables
import shared.database.dead_letters  # noqa: F401 - as do these
from shared.database import threads
from shared.database.engine import Database
from shared.database.migrations import alembic_config, migrate
from shared.database.schema import metadata
from shared.errors import Misconfigured, Unavailable
from tests.support.builders import NOON
from tests.support.patience import patience
from tests.support.tables import changed, rows


async def tables(url: str) -> set[str]:
    database = Database(url)
    names = await database.read(lambda connection: sa.inspect(connection).get_table_names())
    await database.close()
    return set(names) - {"alembic_version"}


async def test_the_migrations_create_the_declared_schema(database: Database, database_url: str) -> None:
    def differences(connection: sa.Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await database.read(differences) == []
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
            sys.executable, "-m", "services", "migrate", env=environment, cwd=Path(__file__).parents[3]
        )
        for _ in range(3)
    ]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await tables(database_url) == set(metadata.tables)


async def test_a_unit_that_raises_leaves_nothing_behind(database: Database) -> None:
    models = metadata.tables["models"]

    def half_done(connection: sa.Connection) -> None:
        connection.execute(sa.insert(models).values(model="m", created_at=sa.func.now()))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.unit(half_done)
    assert await rows(database, sa.select(models)) == []


async def test_a_wrong_sql_statement_raises_unavailable(database: Database) -> None:
    """A missing table or a wrong statement is not a fault of the message that was applied."""
    with pytest.raises(Unavailable, match="lacks a table: run `flipline migrate`"):
        await changed(database, sa.text("select nonsense from nowhere"))


async def test_an_unreachable_database_raises_unavailable() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        await away.ping()
    await away.close()


@pytest.mark.postgres
async def test_a_deadlock_raises_unavailable(postgres_url: str) -> None:
    database = Database(postgres_url)
    models = metadata.tables["models"]
    new = sa.insert(models).values([{"model": name, "created_at": NOON} for name in ("a", "b")])
    await changed(database, new)
    both = asyncio.Barrier(2)

    async def lock_both(first: str, second: str) -> None:
        def lock(connection: sa.Connection, name: str) -> None:
            connection.execute(sa.select(models).where(models.c.model == name).with_for_update())

        async with database.open_unit() as connection:
            await connection.run(lambda session: lock(session, first))
            await both.wait()
            await connection.run(lambda session: lock(session, second))

    results = await asyncio.gather(lock_both("a", "b"), lock_both("b", "a"), return_exceptions=True)
    assert [type(result) for result in results if result] == [Unavailable]
    await database.close()


def test_a_url_of_an_unsupported_database_is_refused() -> None:
    with pytest.raises(Misconfigured, match="FLIPLINE_DATABASE_URL"):
        Database("mysql://localhost/flipline")


async def test_a_cancelled_unit_releases_its_lock_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a function or between two; a cancelled unit once kept SQLite's write lock."""
    # Without a busy timeout, a lock that is left is an error at once.
    monkeypatch.setattr(threads, "BUSY_TIMEOUT_MS", 0)
    models = metadata.tables["models"]

    def write(connection: sa.Connection, number: int) -> None:
        connection.execute(sa.insert(models).values(model=f"m{number}", created_at=NOON))

    def write_all(connection: sa.Connection) -> None:
        for number in range(50):
            write(connection, number)

    async def write_each() -> None:
        async with database.open_unit() as connection:
            for number in range(50):
                await connection.run(lambda session, number=number: write(session, number))

    for ticks in range(0, 40, 3):
        for slow in (database.unit(write_all), write_each()):
            task = asyncio.create_task(slow)
            for _ in range(ticks):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with patience():
                await changed(database, sa.delete(models))
