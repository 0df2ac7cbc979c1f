"""Faults of ours make work wait and are reported; only faults of a message park the message."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.outbox import put
from shared.database.positions import positions
from shared.following import follower
from shared.log.embedded import EmbeddedLog
from shared.log.port import Message, Record
from shared.process import pulse
from tests.support.patience import eventually
from tests.support.postgres import plain
from tests.support.tables import changed, values
from tests.worlds.follower import FollowerWorld, applied


@pytest.fixture(autouse=True)
def complain_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PASSING_SECONDS", 0.0)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[FollowerWorld]:
    async with AsyncExitStack() as stack:
        log = EmbeddedLog(tmp_path / "log.sqlite")
        stack.push_async_callback(log.close)
        await database.unit(applied.metadata.create_all)
        yield FollowerWorld(database, log)
        await database.unit(applied.metadata.drop_all)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_makes_the_follower_wait_until_space_is_free(world: FollowerWorld) -> None:
    """SQLite says "database or disk is full" of itself when it may not grow."""

    def no_room(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")

    async def make_room() -> None:
        await changed(world.database, sa.text("pragma max_page_count = 1000000"))

    await world.database.unit(no_room)
    long = "x" * 20_000
    await world.post("a" + long, "b" + long)
    complaint = await world.wait_until_mended(make_room, "a" + long, "b" + long)
    assert "SQLITE_FULL: the disk is full" in complaint


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_statement_timeout_at_a_lock_makes_the_follower_wait(
    world: FollowerWorld, postgres_url: str
) -> None:
    other = await asyncpg.connect(plain(postgres_url))
    holding = other.transaction()
    await holding.start()
    await other.execute("lock table applied in access exclusive mode")

    def impatient(connection: sa.Connection, _messages: Sequence[Message]) -> None:
        connection.execute(sa.text("set local statement_timeout = '50ms'"))

    world.before = impatient
    await world.post("a", "b", "c")
    try:
        # While the table is locked, applied rows cannot be read either.
        async with world.following():
            complaint = await eventually(world.complaint, lambda message: message is not None)
            await holding.rollback()
            await eventually(world.applied_ids, lambda ids: ids == ["a", "b", "c"])
        assert "57014: a statement timed out" in complaint
        assert await world.dead_letters() == []
    finally:
        await other.close()


async def test_a_missing_table_makes_the_follower_wait_until_the_table_exists(world: FollowerWorld) -> None:
    await changed(world.database, sa.text("alter table applied rename to hidden"))
    await world.post("a", "b")
    async with world.following():
        await eventually(world.complaint, lambda message: message is not None)
        assert await world.dead_letters() == []
        await changed(world.database, sa.text("alter table hidden rename to applied"))
        await eventually(world.applied_ids, lambda ids: ids == ["a", "b"])


@pytest.mark.parametrize("fault", [MemoryError(), OSError(28, "No space left on device"), TimeoutError()])
async def test_an_error_of_the_operating_system_makes_the_follower_wait(
    world: FollowerWorld, fault: Exception
) -> None:
    healthy = threading.Event()

    def faulty(_connection: sa.Connection, _messages: Sequence[Message]) -> None:
        if not healthy.is_set():
            raise fault

    async def recover() -> None:
        healthy.set()

    world.before = faulty
    await world.post("a", "b")
    assert type(fault).__name__ in await world.wait_until_mended(recover, "a", "b")


async def test_data_refused_twice_by_the_database_is_parked_with_a_message_that_does_not_quote_it(
    world: FollowerWorld,
) -> None:
    await changed(world.database, sa.insert(applied).values(id="ana@example.com"))
    await world.post("before", "ana@example.com", "after")
    async with world.following():
        await eventually(world.applied_ids, lambda ids: ids == ["after", "ana@example.com", "before"])
        (letter,) = await eventually(world.dead_letters, lambda letters: len(letters) == 1)
    assert letter.code == "data_refused"
    assert letter.message.startswith("IntegrityError (")
    assert "ana@example.com" not in letter.message
    assert letter.payload == "ana@example.com"


async def test_a_conflict_with_another_worker_is_tried_again_before_it_parks(world: FollowerWorld) -> None:
    """A row that another worker has just inserted looks like bad data, once."""
    await world.post("a")

    def conflicting(connection: sa.Connection, _messages: Sequence[Message]) -> None:
        if world.tries == 1:
            connection.execute(sa.insert(applied), [{"id": "twice"}, {"id": "twice"}])

    world.before = conflicting
    async with world.following():
        await eventually(world.applied_ids, lambda ids: ids == ["a"])
    assert await world.dead_letters() == []


async def test_a_message_that_raises_an_unhandled_error_is_parked_without_the_error_text(
    world: FollowerWorld,
) -> None:
    def unlucky(_connection: sa.Connection, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.value.startswith(b"ana"):
                raise KeyError(message.value.decode())

    world.before = unlucky
    await world.post("a", "ana@example.com", "b")
    async with world.following():
        await eventually(world.applied_ids, lambda ids: ids == ["a", "b"])
        (letter,) = await eventually(world.dead_letters, lambda letters: len(letters) == 1)
    assert (letter.code, letter.message.split(":")[0]) == (
        "unhandled",
        "KeyError at tests/integration/shared/test_our_faults.py",
    )
    assert "ana@" not in letter.message


async def test_parking_waits_until_the_database_can_store_the_dead_letter(
    world: FollowerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlucky(_connection: sa.Connection, _messages: Sequence[Message]) -> None:
        raise ZeroDivisionError

    world.before = unlucky
    real = put
    healthy = threading.Event()

    def sick(connection: sa.Connection, records: Sequence[Record]) -> None:
        if not healthy.is_set():
            connection.execute(sa.text("select nonsense from nowhere"))
        real(connection, records)

    monkeypatch.setattr(follower.outbox, "put", sick)
    await world.post("a")
    async with world.following():
        await eventually(world.complaint, lambda message: message is not None)
        assert await world.dead_letters() == []
        healthy.set()
        assert len(await eventually(world.dead_letters)) == 1
    assert await values(world.database, sa.select(positions.c.next_offset)) == [2]
