"""Following a topic: exactly once in effect, whatever fails between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.database.positions import positions
from shared.errors import Poison, Unavailable
from shared.events import DEAD_LETTERS, DeadLetter, decode
from shared.following.follower import MAX_PARKED_IN_A_ROW, TRIES_BEFORE_HALVING, Follower, Summary
from shared.log.embedded import EmbeddedLog
from shared.log.port import Message, Partition, Record
from shared.process import pulse, supervisor
from shared.process.pulse import Pulse
from shared.process.supervisor import Supervisor
from tests.support.clock import FrozenClock
from tests.support.log import claim_away
from tests.support.patience import eventually, patience
from tests.support.tables import rows, values

seen = sa.Table("seen", sa.MetaData(), sa.Column("id", sa.Text, primary_key=True))


class Applied:
    """Notes each value in a table, in the given transaction; fails as its attributes say."""

    def __init__(self) -> None:
        self.poison: set[bytes] = set()
        self.passing_troubles = 0
        self.most_at_once = 1_000_000
        self.batches: list[int] = []

    def __call__(self, connection: sa.Connection, messages: Sequence[Message]) -> Summary:
        self.batches.append(len(messages))
        for message in messages:
            connection.execute(sa.insert(seen).values(id=message.value.decode()))
            if message.value in self.poison:
                raise Poison("odd", "cannot be handled")
        if len(messages) > self.most_at_once:
            raise Unavailable("too_slow", "terminating connection due to idle-in-transaction timeout")
        if self.passing_troubles:
            self.passing_troubles -= 1
            raise Unavailable("deadlock", "again, please")
        return {}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Positions are stored alike on both dialects, so one dialect is enough for the log."""
    return sqlite_url


@pytest.fixture(autouse=True)
async def table(database: Database) -> None:
    await database.unit(seen.metadata.create_all)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    opened = EmbeddedLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


def follower(log: EmbeddedLog, database: Database, apply: Applied) -> Follower:
    return Follower(
        log=log, database=database, clock=FrozenClock(), topic="interactions", group="g", apply=apply,
        stored=lambda: None,
    )  # fmt: skip


@asynccontextmanager
async def following(
    log: EmbeddedLog, database: Database, apply: Applied
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(follower(log, database, apply).run(Pulse()))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def position(database: Database) -> int:
    return sum(await values(database, sa.select(positions.c.next_offset)))


async def ids(database: Database) -> list[str]:
    return await values(database, sa.select(seen.c.id).order_by(seen.c.id))


async def until_position(database: Database, expected: int) -> None:
    await eventually(lambda: position(database), lambda reached: reached >= expected)


def records(*values: str) -> list[Record]:
    return [Record("interactions", "ana", value.encode()) for value in values]


async def test_messages_are_applied_with_their_position(log: EmbeddedLog, database: Database) -> None:
    await log.append(records("a", "b", "c"))
    async with following(log, database, Applied()):
        await until_position(database, 4)
    assert await ids(database) == ["a", "b", "c"]


async def test_a_faulty_message_is_parked_and_blocks_no_other_message(
    log: EmbeddedLog, database: Database
) -> None:
    apply = Applied()
    apply.poison = {b"c", b"g"}
    await log.append(records(*"abcdefgh"))
    async with following(log, database, apply):
        await until_position(database, 9)
    assert await ids(database) == ["a", "b", "d", "e", "f", "h"]
    stored = await rows(database, sa.select(outbox).order_by(outbox.c.id))
    letters = [decode(row.value) for row in stored if row.topic == DEAD_LETTERS]
    assert [
        (letter.code, letter.payload, letter.source) for letter in letters if isinstance(letter, DeadLetter)
    ] == [
        ("odd", "c", "interactions/0/3"),
        ("odd", "g", "interactions/0/7"),
    ]


async def test_a_batch_is_retried_after_a_temporary_error(log: EmbeddedLog, database: Database) -> None:
    apply = Applied()
    apply.passing_troubles = 1
    await log.append(records("a", "b"))
    async with following(log, database, apply):
        await until_position(database, 3)
    assert (await ids(database), apply.batches) == (["a", "b"], [2, 2])


async def test_too_many_parked_messages_in_a_row_stop_the_follower(
    log: EmbeddedLog, database: Database
) -> None:
    apply = Applied()
    values = [f"{n:03}" for n in range(64)]
    apply.poison = {value.encode() for value in values}
    await log.append(records(*values))
    async with following(log, database, apply) as task, patience():
        with pytest.raises(Poison):
            await task
    assert await position(database) == MAX_PARKED_IN_A_ROW + 1


async def test_a_restarted_follower_gets_past_bad_messages_and_was_reported_as_failing(
    log: EmbeddedLog, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a sender could stop the worker for good with a few bad messages in a row."""
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.0)
    monkeypatch.setattr(pulse, "PASSING_SECONDS", 0.0)
    apply = Applied()
    bad = [f"{n:03}" for n in range(2 * MAX_PARKED_IN_A_ROW + 5)]
    apply.poison = {value.encode() for value in bad}
    await log.append(records(*bad, "good"))
    it = follower(log, database, apply)
    looks: list[str] = []

    async def look_and_follow(pulse: Pulse) -> None:
        try:
            await supervised.check()
            looks.append("well")
        except Unavailable:
            looks.append("failing")
        await it.run(pulse)

    async with Supervisor({"g": look_and_follow}) as supervised:
        await until_position(database, len(bad) + 2)
    assert looks == ["well", "failing", "failing"]
    assert await ids(database) == ["good"]


async def test_a_batch_that_is_too_slow_is_halved_until_it_succeeds_and_nothing_is_parked(
    log: EmbeddedLog, database: Database
) -> None:
    apply = Applied()
    apply.most_at_once = 2
    await log.append(records(*"abcdefgh"))
    async with following(log, database, apply):
        await until_position(database, 9)
    assert await ids(database) == list("abcdefgh")
    assert apply.batches == [8] * 3 + [4] * 3 + [2, 2] + [4] * 3 + [2, 2]
    assert await rows(database, sa.select(outbox)) == []


async def test_a_single_message_is_retried_until_the_temporary_error_ends(
    log: EmbeddedLog, database: Database
) -> None:
    apply = Applied()
    apply.passing_troubles = 2 * TRIES_BEFORE_HALVING
    await log.append(records("a"))
    async with following(log, database, apply):
        await until_position(database, 2)
    assert (await ids(database), apply.batches) == (["a"], [1] * (2 * TRIES_BEFORE_HALVING + 1))


async def test_a_fenced_follower_claims_again_and_applies_each_message_once(
    log: EmbeddedLog, database: Database
) -> None:
    """The claim is taken away between the first batch and the second; the follower claims again."""
    apply = Applied()
    await log.append(records("a"))
    async with following(log, database, apply):
        await until_position(database, 2)
        await claim_away(database, "g", Partition("interactions", 0))
        await log.append(records("b"))
        await until_position(database, 3)
    assert await ids(database) == ["a", "b"]
