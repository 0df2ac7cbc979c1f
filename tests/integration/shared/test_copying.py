"""Many rows go into PostgreSQL by COPY, with the same result as by INSERT."""

from functools import partial
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

from shared.database import bulk
from shared.database.copying import MANY, Copy
from shared.database.engine import Database
from shared.database.faults import is_about_data
from shared.errors import Unavailable
from tests.integration.shared.test_quick import things
from tests.support.builders import NOON
from tests.support.postgres import plain
from tests.support.statements import statements

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    await database.unit(things.metadata.create_all)


def row(number: int, **more: Any) -> dict[str, Any]:
    columns = {"id": f"{number:05}", "at": NOON, "told": {"x": [number, None]}, "bytes": b"\0\xff"}
    return columns | more


async def kept(database: Database) -> list[dict[str, Any]]:
    query = sa.select(things).order_by(things.c.id)
    return await database.read(
        lambda connection: [dict(mapping) for mapping in connection.execute(query).mappings()]
    )


async def test_rows_can_be_copied_twice_in_one_transaction_with_unchanged_values(database: Database) -> None:
    first = [row(number) for number in range(MANY)]
    second = [row(number, bytes=None, told="text") for number in range(MANY // 2, 2 * MANY)]

    def both(connection: sa.Connection) -> int:
        bulk.insert(connection, things, first)
        return bulk.upsert(connection, things, second)

    with statements(database) as made:
        assert await database.unit(both) == len(second)
    assert any("new_quick_things" in statement for statement in made)
    assert await kept(database) == [*first[: MANY // 2], *second]


async def test_insert_new_returns_the_keys_of_the_new_rows_among_many(database: Database) -> None:
    rows = [row(number) for number in range(2 * MANY)]
    await database.unit(partial(bulk.insert, table=things, rows=rows[:MANY]))
    new = await database.unit(partial(bulk.insert_new, table=things, key="id", rows=rows))
    assert new == {new_row["id"] for new_row in rows[MANY:]}


async def test_after_a_transaction_that_was_rolled_back_rows_are_copied_again(database: Database) -> None:
    rows = [row(number) for number in range(MANY)]

    def broken_off(connection: sa.Connection) -> None:
        bulk.insert(connection, things, rows)
        raise RuntimeError("something else fails")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            await database.unit(broken_off)
    await database.unit(partial(bulk.insert, table=things, rows=rows))
    assert len(await kept(database)) == MANY


@pytest.mark.parametrize("bad", [{"id": "ana@example.com\0"}, {"id": "00001"}])
async def test_an_error_about_copied_data_is_recognised_and_does_not_show_the_data(
    database: Database, bad: dict[str, Any]
) -> None:
    rows = [*(row(number) for number in range(MANY)), row(MANY, **bad)]
    with pytest.raises(DBAPIError) as caught:
        await database.unit(partial(bulk.insert, table=things, rows=rows))
    assert is_about_data(caught.value)
    assert "ana@" not in str(caught.value)


async def test_a_connection_lost_during_a_copy_raises_unavailable_and_the_copy_can_be_repeated(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(number) for number in range(MANY)]
    other = await asyncpg.connect(plain(database_url))
    records = Copy.records

    def lost(copy: Copy, *arguments: Any) -> Any:
        ended = "select pg_terminate_backend(pid, 10_000) from pg_stat_activity where pid <> pg_backend_pid()"
        await_only(other.execute(f"{ended} and datname = current_database()"))
        return records(copy, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Copy, "records", lost)
        with pytest.raises(Unavailable):
            await database.unit(partial(bulk.insert, table=things, rows=rows))
    await other.close()
    await database.unit(partial(bulk.insert, table=things, rows=rows))
    assert len(await kept(database)) == MANY
