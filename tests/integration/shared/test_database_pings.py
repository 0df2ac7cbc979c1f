"""Connections to PostgreSQL are pinged after they were idle, and not before each unit of work."""

import asyncpg
import pytest
import sqlalchemy as sa

from shared.database import greenlets
from shared.database.engine import Database
from shared.errors import Unavailable
from tests.support.postgres import plain
from tests.support.tables import values

pytestmark = pytest.mark.postgres
BACKEND = sa.text("select pg_backend_pid()")


async def ended(url: str, backend: int) -> None:
    """End a session of the server, as a restart does."""
    other = await asyncpg.connect(plain(url))
    await other.fetch("select pg_terminate_backend($1, 60000)", backend)
    await other.close()


async def test_a_dead_connection_that_was_idle_is_replaced_without_an_error(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greenlets, "PING_AFTER_SECONDS", 0.0)
    database = Database(postgres_url)
    [first] = await values(database, BACKEND)
    await ended(postgres_url, first)
    [second] = await values(database, BACKEND)
    assert second != first
    await database.close()


async def test_a_dead_connection_in_recent_use_fails_once_and_is_then_replaced(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greenlets, "PING_AFTER_SECONDS", 3_600.0)
    database = Database(postgres_url)
    [first] = await values(database, BACKEND)
    assert await values(database, BACKEND) == [first]
    await ended(postgres_url, first)
    with pytest.raises(Unavailable):
        await values(database, BACKEND)
    assert await values(database, BACKEND) != [first]
    await database.close()
