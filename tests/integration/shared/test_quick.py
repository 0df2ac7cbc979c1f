"""Statements that bypass SQLAlchemy on SQLite: rows, errors and cancellation are as through SQLAlchemy."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, StatementError

from shared.database import bulk, quick
from shared.database.engine import Database
from shared.database.schema import Instant
from tests.support.patience import patience

things = sa.Table(
    "quick_things",
    sa.MetaData(),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("told", sa.JSON, nullable=False),
    sa.Column("bytes", sa.LargeBinary),
)
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
ROWS: Sequence[dict[str, Any]] = [
    {"id": "a", "at": AT, "told": {"x": [1, None]}, "bytes": b"\0\xff"},
    {"id": "b", "at": AT, "told": "text", "bytes": None},
]
SELECT = sa.select(things).where(things.c.id >= sa.bindparam("first")).order_by(things.c.id).limit(5)


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    await database.unit(things.metadata.create_all)


async def test_quick_statements_read_the_same_values_as_sqlalchemy(database: Database) -> None:
    def both(connection: sa.Connection) -> tuple[Any, Any]:
        bulk.insert(connection, things, ROWS)
        common = connection.execute(SELECT, {"first": "a"}).all()
        return common, quick.rows(connection, SELECT, {"first": "a"})

    common, quickly = await database.unit(both)
    assert [tuple(row) for row in quickly] == [tuple(row) for row in common]
    assert [tuple(row) for row in quickly] == [tuple(row.values()) for row in ROWS]


@pytest.mark.parametrize("count", [3, 2 * bulk.FEW])
async def test_insert_new_returns_the_new_keys_of_few_and_of_many_rows(
    database: Database, count: int
) -> None:
    rows = [ROWS[0] | {"id": f"{number:03}"} for number in range(count)]

    def twice(connection: sa.Connection) -> tuple[set[Any], set[Any]]:
        first = bulk.insert_new(connection, things, "id", rows[:-1])
        return first, bulk.insert_new(connection, things, "id", rows)

    first, second = await database.unit(twice)
    assert first == {row["id"] for row in rows[:-1]}
    assert second == {rows[-1]["id"]}


async def test_insert_new_returns_all_new_keys_after_an_insert_into_the_same_table(
    database: Database,
) -> None:
    """Both statements are built from one; the cache of the first must not be used for the second."""
    rows = [ROWS[0] | {"id": f"{number:04}"} for number in range(2_500)]

    def both(connection: sa.Connection) -> set[Any]:
        bulk.insert(connection, things, [ROWS[1]])
        return bulk.insert_new(connection, things, "id", rows)

    assert len(await database.unit(both)) == len(rows)


async def test_quick_changed_returns_the_number_of_changed_rows(database: Database) -> None:
    update = sa.update(things).where(things.c.id == sa.bindparam("its_id")).values(told=sa.bindparam("now"))

    def changed(connection: sa.Connection) -> tuple[int, int]:
        bulk.insert(connection, things, ROWS)
        of_a, of_none = (quick.changed(connection, update, {"its_id": i, "now": 1}) for i in ("a", "none"))
        return of_a, of_none

    assert await database.unit(changed) == (1, 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_data_error_of_a_quick_statement_shows_no_parameters(database: Database) -> None:
    def twice(connection: sa.Connection) -> None:
        bulk.insert(connection, things, [ROWS[0] | {"id": "ana@example.com"}])
        bulk.insert(connection, things, [ROWS[0] | {"id": "ana@example.com"}])

    with pytest.raises(IntegrityError, match="UNIQUE constraint failed") as caught:
        await database.unit(twice)
    assert "ana@" not in str(caught.value)


async def test_a_missing_parameter_is_an_error_and_not_null(database: Database) -> None:
    with pytest.raises((KeyError, StatementError)):
        await database.unit(lambda connection: quick.rows(connection, SELECT, {}))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_cancelled_work_stops_at_the_next_statement(database: Database) -> None:
    started, executed = asyncio.Event(), list[int]()
    loop = asyncio.get_running_loop()

    def endless(connection: sa.Connection) -> None:
        while True:
            bulk.insert(connection, things, [ROWS[0] | {"id": str(len(executed))}])
            executed.append(1)
            loop.call_soon_threadsafe(started.set)

    working = asyncio.create_task(database.unit(endless))
    async with patience():
        await started.wait()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        # The writer's thread is free again, and nothing was committed.
        left = await database.unit(lambda connection: connection.execute(sa.select(things)).all())
    assert left == []
