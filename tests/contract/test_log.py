"""The exam that every log adapter sits; see shared/log/port.py for what it promises."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.errors import Fenced, Poison, Unavailable
from shared.following import Follower
from shared.log import embedded, kafka
from shared.log.kafka import KafkaLog
from shared.log.port import Consumer, Log, Message, Record
from tests.contract.logs import open_log
from tests.given import FrozenClock

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "embedded":
        return f"embedded:{tmp_path / 'log.sqlite'}"
    return f"kafka:{request.getfixturevalue('kafka')}/exam-{uuid4().hex[:8]}-"


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    opened = open_log(log_url)
    yield opened
    await opened.close()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Positions are kept alike on both dialects; what matters here is the log."""
    return sqlite_url


@pytest.fixture
async def child(log_url: str, sqlite_url: str) -> AsyncIterator[Callable[[str], Any]]:
    """Start the exam's child process for a job; it is killed at the end, if not before."""
    async with AsyncExitStack() as stack:

        async def start(job: str) -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.contract.log_child", job, log_url, sqlite_url,
                cwd=ROOT, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            stack.push_async_callback(kill, process)
            return process

        yield start


async def kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


def records(*values: str, key: str = "ana") -> list[Record]:
    return [Record("interactions", key, value.encode()) for value in values]


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.value.decode() for message in messages]


async def read(consumer: Consumer, wanted: int) -> list[Message]:
    got: list[Message] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < wanted:
            got += await consumer.poll(0.5)
    return got


async def test_records_of_one_key_are_read_in_the_order_of_their_appends(
    log: Log, database: Database
) -> None:
    for n in range(20):
        await log.append(
            [Record("interactions", key, f"{key}{n}".encode()) for key in ("ana", "ben", "eva", "max")]
        )
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        got = texts(await read(consumer, 80))
    for key in ("ana", "ben", "eva", "max"):
        assert [text for text in got if text.startswith(key)] == [f"{key}{n}" for n in range(20)]


async def test_appends_at_the_same_time_are_all_kept(log: Log, database: Database) -> None:
    await asyncio.gather(*(log.append(records(str(n), key=f"k{n % 7}")) for n in range(300)))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert sorted(texts(await read(consumer, 300)), key=int) == [str(n) for n in range(300)]


async def test_a_topic_shows_only_its_own_records(log: Log, database: Database) -> None:
    await log.append([Record("leads", "ana", b"lead"), Record("interactions", "ana", b"visit")])
    async with log.consume("leads", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 1)) == ["lead"]


async def test_each_group_reads_everything(log: Log, database: Database) -> None:
    await log.append(records("1", "2", "3"))
    for group in ("scoring", "archive"):
        async with log.consume("interactions", group, Claims(database, group)) as consumer:
            assert texts(await read(consumer, 3)) == ["1", "2", "3"]


async def test_a_reader_resumes_at_the_stored_position(log: Log, database: Database) -> None:
    await log.append(records("1", "2"))
    first = Claims(database, "exam")
    async with log.consume("interactions", "exam", first) as consumer:
        messages = await read(consumer, 2)
        async with database.unit() as connection:
            await first.advance(connection, messages[:1])
    await log.append(records("3"))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 2)) == ["2", "3"]


async def test_what_is_appended_wakes_a_waiting_reader(log: Log, database: Database) -> None:
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        await log.append(records("1"))
        await read(consumer, 1)
        waiting = asyncio.create_task(read(consumer, 1))
        await log.append(records("2"))
        assert texts(await waiting) == ["2"]


async def test_another_reader_takes_over_after_a_crash(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    await log.append(records("1", "2", "3"))
    reader = await child("read")
    async with asyncio.timeout(PATIENCE):
        applied = [(await reader.stdout.readline()).decode().strip() for _ in range(3)]
    assert applied == ["1", "2", "3"]
    reader.kill()
    await log.append(records("4"))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 1)) == ["4"]


async def test_what_was_acknowledged_survives_the_death_of_its_writer(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    writer = await child("append")
    async with asyncio.timeout(PATIENCE):
        for _ in range(40):
            acknowledged = int(await writer.stdout.readline())
    writer.kill()
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert set(map(str, range(acknowledged))) <= set(texts(await read(consumer, acknowledged)))


async def test_a_partition_has_one_reader_at_a_time(
    log: Log, database: Database, child: Callable[[str], Any]
) -> None:
    """While the first reader is well, the second one applies nothing of its partitions."""
    reader = await child("read")
    await log.append(records(*map(str, range(30))))
    async with asyncio.timeout(PATIENCE):
        applied = [(await reader.stdout.readline()).decode().strip() for _ in range(30)]
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as second:
        await second.poll(1.0)
        await log.append(records(*map(str, range(30, 60))))
        mine: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while len(applied) + len(mine) < 60:
                try:
                    applied.append((await asyncio.wait_for(reader.stdout.readline(), 0.2)).decode().strip())
                except TimeoutError:
                    messages = await second.poll(0.2)
                    if messages:
                        async with database.unit() as connection:
                            await claims.advance(connection, messages)
                        mine += texts(messages)
    assert sorted(applied + mine, key=int) == [str(n) for n in range(60)]


async def test_a_fenced_reader_writes_nothing(log: Log, database: Database) -> None:
    claims = Claims(database, "exam")
    await log.append(records("1"))
    async with log.consume("interactions", "exam", claims) as consumer:
        messages = await read(consumer, 1)
        await Claims(database, "exam").claim(messages[0].partition)
        with pytest.raises(Fenced):
            async with database.unit() as connection:
                await claims.advance(connection, messages)


async def test_a_message_is_applied_once_even_by_its_owner(log: Log, database: Database) -> None:
    claims = Claims(database, "exam")
    await log.append(records("1"))
    async with log.consume("interactions", "exam", claims) as consumer:
        messages = await read(consumer, 1)
        async with database.unit() as connection:
            await claims.advance(connection, messages)
        with pytest.raises(Fenced):
            async with database.unit() as connection:
                await claims.advance(connection, messages)


async def test_poison_does_not_block_what_comes_after_it(log: Log, database: Database) -> None:
    applied: list[str] = []

    async def apply(_connection: AsyncConnection, messages: Sequence[Message]) -> dict[str, object]:
        if "poison" in texts(messages):
            raise Poison("odd", "cannot be handled")
        applied.extend(texts(messages))
        return {}

    follower = Follower(
        log=log, database=database, clock=FrozenClock(), topic="interactions", group="exam", apply=apply,
        committed=lambda: None,
    )  # fmt: skip
    await log.append(records("1", "2", "poison", "3", "4"))
    following = asyncio.create_task(follower.run())
    async with asyncio.timeout(PATIENCE):
        while len(applied) < 4:
            await asyncio.sleep(0.01)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert applied == ["1", "2", "3", "4"]


async def test_more_than_can_be_written_is_refused_and_nothing_accepted_is_lost(
    log_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backpressure: whoever is refused comes again, and the queue does not grow without end."""
    for adapter in (embedded, kafka):
        monkeypatch.setattr(adapter, "MAX_WAITING_RECORDS", 100)
    log = open_log(log_url)
    await log.append(records("first"))
    appends = [records(*(f"{n}-{k}" for k in range(20))) for n in range(40)]
    outcomes = await asyncio.gather(*(log.append(one) for one in appends), return_exceptions=True)
    accepted = [one for one, outcome in zip(appends, outcomes, strict=True) if outcome is None]
    assert 0 < len(accepted) < 40
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {Unavailable}

    await log.append(records("last"))
    expected = ["first", *(record.value.decode() for one in accepted for record in one), "last"]
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, len(expected))) == expected
    await log.close()


async def test_lag_counts_what_is_not_read_yet(log: Log, database: Database) -> None:
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        await log.append(records("1"))
        await read(consumer, 1)
        assert await consumer.lag() == 0


async def test_ping_is_content_with_a_log_that_works(log: Log) -> None:
    await log.ping()


async def test_a_log_that_is_away_is_unavailable() -> None:
    nowhere = KafkaLog("127.0.0.1:1", topics=("interactions",))
    with pytest.raises(Unavailable, match="does not answer"):
        await nowhere.append(records("1"))
    await nowhere.close()
