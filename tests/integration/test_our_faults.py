"""Faults of ours and faults of a message: the first make work wait and are seen, only the second park."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import following, pulse
from shared.database.engine import Database
from shared.database.outbox import outbox, put, relay
from shared.database.positions import positions
from shared.errors import Unavailable
from shared.events import DEAD_LETTERS, DeadLetter, decode
from shared.following import Follower, Summary
from shared.log.embedded import EmbeddedLog
from shared.log.port import Message, Record
from shared.pulse import Pulse
from tests.given import FrozenClock
from tests.patience import eventually
from tests.postgres import plain

applied = sa.Table("applied", sa.MetaData(), sa.Column("id", sa.Text, primary_key=True))

Before = Callable[[AsyncConnection, Sequence[Message]], Awaitable[None]]


async def nothing(_connection: AsyncConnection, _messages: Sequence[Message]) -> None:
    return None


class World:
    """A follower that writes each message into a table, after whatever the test does to its transaction."""

    def __init__(self, database: Database, log: EmbeddedLog) -> None:
        self.database = database
        self.log = log
        self.pulse = Pulse()
        self.before: Before = nothing
        self.tries = 0
        self._follower = Follower(
            log=log, database=database, clock=FrozenClock(), topic="interactions", group="g",
            apply=self._apply, committed=lambda: None,
        )  # fmt: skip

    async def _apply(self, connection: AsyncConnection, messages: Sequence[Message]) -> Summary:
        self.tries += 1
        await self.before(connection, messages)
        rows = [{"id": message.value.decode()} for message in messages]
        await connection.execute(sa.insert(applied), rows)
        return {}

    async def post(self, *values: str) -> None:
        await self.log.append([Record("interactions", value, value.encode()) for value in values])

    async def ids(self) -> list[str]:
        async with self.database.reading() as connection:
            return list((await connection.execute(sa.select(applied.c.id).order_by("id"))).scalars())

    async def letters(self) -> list[DeadLetter]:
        async with self.database.reading() as connection:
            query = sa.select(outbox.c.value).where(outbox.c.topic == DEAD_LETTERS).order_by(outbox.c.id)
            events = map(decode, (await connection.execute(query)).scalars())
            return [event for event in events if isinstance(event, DeadLetter)]

    async def complaint(self) -> str | None:
        return self.pulse.complaint()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._follower.run(self.pulse))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def waits_until(self, mend: Callable[[], Awaitable[None]], *expected: str) -> str:
        """Follow, see the worker complain while nothing is applied or parked, mend, and see all applied."""
        async with self.following():
            complaint = await eventually(self.complaint, lambda told: told is not None)
            assert await self.letters() == []
            await mend()
            await eventually(self.ids, lambda ids: ids == sorted(expected))
            await eventually(self.complaint, lambda told: told is None)
        assert await self.letters() == []
        return complaint


@pytest.fixture(autouse=True)
def complain_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "PASSING_SECONDS", 0.0)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        log = EmbeddedLog(tmp_path / "log.sqlite")
        stack.push_async_callback(log.close)
        async with database.unit() as connection:
            await connection.run_sync(applied.metadata.create_all)
        yield World(database, log)
        async with database.unit() as connection:
            await connection.run_sync(applied.metadata.drop_all)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_makes_all_wait_until_there_is_room(world: World) -> None:
    """SQLite says "database or disk is full" of itself when it may not grow."""
    async with world.database.unit() as connection:
        pages = (await connection.exec_driver_sql("pragma page_count")).scalar_one()
        await connection.exec_driver_sql(f"pragma max_page_count = {pages}")

    async def make_room() -> None:
        async with world.database.unit() as connection:
            await connection.exec_driver_sql("pragma max_page_count = 1000000")

    long = "x" * 20_000
    await world.post("a" + long, "b" + long)
    complaint = await world.waits_until(make_room, "a" + long, "b" + long)
    assert "SQLITE_FULL: the disk is full" in complaint


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_statement_that_times_out_at_a_lock_waits_for_the_lock(
    world: World, postgres_url: str
) -> None:
    other = await asyncpg.connect(plain(postgres_url))
    holding = other.transaction()
    await holding.start()
    await other.execute("lock table applied in access exclusive mode")

    async def impatient(connection: AsyncConnection, _messages: Sequence[Message]) -> None:
        await connection.execute(sa.text("set local statement_timeout = '50ms'"))

    world.before = impatient
    await world.post("a", "b", "c")
    try:
        # What is applied cannot be read while the table is locked either.
        async with world.following():
            complaint = await eventually(world.complaint, lambda told: told is not None)
            await holding.rollback()
            await eventually(world.ids, lambda ids: ids == ["a", "b", "c"])
        assert "57014: a statement timed out" in complaint
        assert await world.letters() == []
    finally:
        await other.close()


async def test_a_missing_table_makes_all_wait_until_it_is_there(world: World) -> None:
    async with world.database.unit() as connection:
        await connection.execute(sa.text("alter table applied rename to hidden"))

    async def rename_back() -> None:
        async with world.database.unit() as connection:
            await connection.execute(sa.text("alter table hidden rename to applied"))

    await world.post("a", "b")
    async with world.following():
        await eventually(world.complaint, lambda told: told is not None)
        assert await world.letters() == []
        await rename_back()
        await eventually(world.ids, lambda ids: ids == ["a", "b"])


@pytest.mark.parametrize("fault", [MemoryError(), OSError(28, "No space left on device"), TimeoutError()])
async def test_what_the_operating_system_refuses_waits(world: World, fault: Exception) -> None:
    healthy = asyncio.Event()

    async def faulty(_connection: AsyncConnection, _messages: Sequence[Message]) -> None:
        if not healthy.is_set():
            raise fault

    async def recover() -> None:
        healthy.set()

    world.before = faulty
    await world.post("a", "b")
    assert type(fault).__name__ in await world.waits_until(recover, "a", "b")


async def test_data_that_the_database_refuses_twice_is_parked_and_not_quoted(world: World) -> None:
    async with world.database.unit() as connection:
        await connection.execute(sa.insert(applied), [{"id": "ana@example.com"}])
    await world.post("before", "ana@example.com", "after")
    async with world.following():
        await eventually(world.ids, lambda ids: ids == ["after", "ana@example.com", "before"])
        (letter,) = await eventually(world.letters, lambda letters: len(letters) == 1)
    assert letter.code == "data_refused"
    assert letter.message.startswith("IntegrityError (")
    assert "ana@example.com" not in letter.message
    assert letter.payload == "ana@example.com"


async def test_a_conflict_with_another_worker_is_tried_again_before_it_parks(world: World) -> None:
    """A row that another worker has just inserted looks like bad data, once."""
    await world.post("a")

    async def conflicting(connection: AsyncConnection, _messages: Sequence[Message]) -> None:
        if world.tries == 1:
            await connection.execute(sa.insert(applied), [{"id": "twice"}, {"id": "twice"}])

    world.before = conflicting
    async with world.following():
        await eventually(world.ids, lambda ids: ids == ["a"])
    assert await world.letters() == []


async def test_an_error_of_ours_in_one_message_parks_it_without_its_words(world: World) -> None:
    async def unlucky(_connection: AsyncConnection, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.value.startswith(b"ana"):
                raise KeyError(message.value.decode())

    world.before = unlucky
    await world.post("a", "ana@example.com", "b")
    async with world.following():
        await eventually(world.ids, lambda ids: ids == ["a", "b"])
        (letter,) = await eventually(world.letters, lambda letters: len(letters) == 1)
    assert (letter.code, letter.message.split(":")[0]) == (
        "unhandled",
        "KeyError at tests/integration/test_our_faults.py",
    )
    assert "ana@" not in letter.message


async def test_parking_waits_too_when_the_database_cannot_take_the_letter(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unlucky(_connection: AsyncConnection, _messages: Sequence[Message]) -> None:
        raise ZeroDivisionError

    world.before = unlucky
    real = put
    healthy = asyncio.Event()

    async def sick(connection: AsyncConnection, records: Sequence[Record]) -> None:
        if not healthy.is_set():
            await connection.execute(sa.text("select nonsense from nowhere"))
        await real(connection, records)

    monkeypatch.setattr(following.outbox, "put", sick)
    await world.post("a")
    async with world.following():
        await eventually(world.complaint, lambda told: told is not None)
        assert await world.letters() == []
        healthy.set()
        assert len(await eventually(world.letters)) == 1
    async with world.database.reading() as connection:
        assert (await connection.execute(sa.select(positions.c.next_offset))).scalar_one() == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_writers_of_one_file_take_turns_in_the_order_in_which_they_asked(database: Database) -> None:
    order: list[str] = []
    first_has_it, go_on = asyncio.Event(), asyncio.Event()

    async def write(name: str) -> None:
        async with database.unit():
            order.append(name)
            if name == "batch":
                first_has_it.set()
                await go_on.wait()

    batch = asyncio.create_task(write("batch"))
    await first_has_it.wait()
    others = []
    for name in ("delivery", "outbox", "draft", "batch again"):
        others.append(asyncio.create_task(write(name)))
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(batch, *others)
    assert order == ["batch", "delivery", "outbox", "draft", "batch again"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_writer_that_waits_for_its_turn_in_vain_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine.WRITER_WAIT_SECONDS", 0.01)
    async with database.unit():
        with pytest.raises(Unavailable, match="WRITER_BUSY"):
            async with database.unit():
                pass
    async with database.unit():
        pass


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_slow_log_does_not_keep_other_writers_out(database: Database) -> None:
    appending, go_on = asyncio.Event(), asyncio.Event()

    class SlowLog:
        async def append(self, _records: Sequence[Record]) -> None:
            appending.set()
            await go_on.wait()

    async with database.unit() as connection:
        await put(connection, [Record("leads", "ana", b"1")])
    relaying = asyncio.create_task(relay(database, SlowLog()))  # type: ignore[arg-type]
    await appending.wait()
    async with database.unit() as connection:
        await put(connection, [Record("leads", "ben", b"2")])
    go_on.set()
    assert await relaying == 1
    async with database.reading() as connection:
        assert list((await connection.execute(sa.select(outbox.c.value))).scalars()) == [b"2"]


async def test_an_error_about_data_shows_no_parameters(database: Database) -> None:
    """Errors about data pass through to whatever may log them."""
    row = {"consumer": "ana@example.com", "topic": "t", "partition": 1, "next_offset": 0, "epoch": 1}

    async def insert_twice() -> None:
        async with database.unit() as connection:
            await connection.execute(sa.insert(positions), [row])
            await connection.execute(sa.insert(positions), [row])

    with pytest.raises(sa.exc.IntegrityError, match="SQL parameters hidden"):
        await insert_twice()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_slow_relay_deletes_nothing_that_it_has_not_appended(
    database: Database, database_url: str
) -> None:
    """SQLite would give the ids of deleted rows to the next ones, which another process then deleted."""
    appending, go_on = asyncio.Event(), asyncio.Event()
    appended: list[bytes] = []

    class Slow:
        async def append(self, records: Sequence[Record]) -> None:
            appending.set()
            await go_on.wait()

    class Fast:
        async def append(self, records: Sequence[Record]) -> None:
            appended.extend(record.value for record in records)

    other = Database(database_url)
    async with database.unit() as connection:
        await put(connection, [Record("leads", "ana", b"1"), Record("leads", "ana", b"2")])
    slow = asyncio.create_task(relay(other, Slow()))  # type: ignore[arg-type]
    await appending.wait()
    assert await relay(database, Fast()) == 2  # type: ignore[arg-type]
    async with database.unit() as connection:
        await put(connection, [Record("leads", "ben", b"3")])
    go_on.set()
    await slow
    assert await relay(database, Fast()) == 1  # type: ignore[arg-type]
    assert appended == [b"1", b"2", b"3"]
    await other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_database_that_takes_no_write_is_not_ready(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.engine.PROOF_LASTS_SECONDS", -1.0)
    await database.ping()
    async with database.unit() as connection:
        await connection.exec_driver_sql("pragma query_only = on")
    with pytest.raises(Unavailable, match="SQLITE_READONLY"):
        await database.ping()
    async with database.reading() as connection:
        await connection.execute(sa.select(positions))


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
