"""The database's check proves a write, and its errors show no parameters."""

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from shared.database.engine import Database
from shared.database.positions import positions
from shared.errors import Unavailable
from tests.support.postgres import plain
from tests.support.tables import changed, rows


async def test_an_error_about_data_shows_no_parameters(database: Database) -> None:
    """Errors about data pass through to code that may log them."""
    row = {"consumer": "ana@example.com", "topic": "t", "partition": 1, "next_offset": 0, "epoch": 1}

    def insert_twice(connection: sa.Connection) -> None:
        connection.execute(sa.insert(positions), [row])
        connection.execute(sa.insert(positions), [row])

    with pytest.raises(IntegrityError, match="SQL parameters hidden"):
        await database.unit(insert_twice)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_database_that_takes_no_write_is_not_ready(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine.PROOF_LASTS_SECONDS", -1.0)
    await database.ping()
    await changed(database, sa.text("pragma query_only = on"))
    with pytest.raises(Unavailable, match="SQLITE_READONLY"):
        await database.ping()
    assert await rows(database, sa.select(positions)) == []


@pytest.mark.postgres
async def test_a_replica_that_can_only_be_read_is_not_ready(postgres_url: str) -> None:
    url = sa.make_url(postgres_url)
    other = await asyncpg.connect(plain(postgres_url))
    await other.execute(f'alter database "{url.database}" set default_transaction_read_only = on')
    database = Database(postgres_url)
    try:
        with pytest.raises(Unavailable, match="25006: the server is read-only"):
            await database.ping()
    finally:
        await database.close()
        await other.execute("set default_transaction_read_only = off")
        await other.execute(f'alter database "{url.database}" reset default_transaction_read_only')
        await other.close()
