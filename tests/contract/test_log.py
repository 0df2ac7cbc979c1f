"""The exam that every log adapter sits; see shared/log/port.py for what it promises."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.errors import Fenced, Poison, Unavailable
from shared.following.follower import Follower
from shared.log import embedded, kafka
from shared.log.kafka import KafkaLog
from shared.log.port import Backlog, Log, Message, Record
from shared.process.pulse import Pulse
from tests.contract.logs import open_log, read, records, texts
from tests.support.clock import FrozenClock
from tests.support.log import claim_away
from tests.support.patience import eventually


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


async def test_concurrent_appends_are_all_stored(log: Log, database: Database) -> None:
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
        await database.unit(lambda connection: first.advance(connection, messages[:1]))
    await log.append(records("3"))
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, 2)) == ["2", "3"]


async def test_an_append_wakes_a_waiting_reader(log: Log, database: Database) -> None:
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        await log.append(records("1"))
        await read(consumer, 1)
        waiting = asyncio.create_task(read(consumer, 1))
        await log.append(records("2"))
        assert texts(await waiting) == ["2"]


async def test_a_fenced_reader_writes_nothing(log: Log, database: Database) -> None:
    claims = Claims(database, "exam")
    await log.append(records("1"))
    async with log.consume("interactions", "exam", claims) as consumer:
        messages = await read(consumer, 1)
        await claim_away(database, "exam", messages[0].partition)
        with pytest.raises(Fenced):
            await database.unit(lambda connection: claims.advance(connection, messages))


async def test_the_same_message_cannot_be_applied_twice(log: Log, database: Database) -> None:
    claims = Claims(database, "exam")
    await log.append(records("1"))
    async with log.consume("interactions", "exam", claims) as consumer:
        messages = await read(consumer, 1)
        await database.unit(lambda connection: claims.advance(connection, messages))
        with pytest.raises(Fenced):
            await database.unit(lambda connection: claims.advance(connection, messages))


async def test_poison_does_not_block_what_comes_after_it(log: Log, database: Database) -> None:
    applied: list[str] = []

    def apply(_connection: Connection, messages: Sequence[Message]) -> dict[str, object]:
        if "poison" in texts(messages):
            raise Poison("odd", "cannot be handled")
        applied.extend(texts(messages))
        return {}

    follower = Follower(
        log=log, database=database, clock=FrozenClock(), topic="interactions", group="exam", apply=apply,
        stored=lambda: None,
    )  # fmt: skip
    await log.append(records("1", "2", "poison", "3", "4"))
    following = asyncio.create_task(follower.run(Pulse()))
    await eventually(lambda: len(applied) >= 4)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert applied == ["1", "2", "3", "4"]


async def test_appends_over_the_limit_are_refused_and_accepted_records_are_stored(
    log_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backpressure: a refused sender tries again, and the queue does not grow without end."""
    for adapter in (embedded, kafka):
        monkeypatch.setattr(adapter, "MAX_WAITING_RECORDS", 100)
    log = open_log(log_url)
    await log.append(records("first"))
    appends = [records(*(f"{n}-{k}" for k in range(20))) for n in range(40)]
    outcomes = await asyncio.gather(*(log.append(batch) for batch in appends), return_exceptions=True)
    accepted = [batch for batch, outcome in zip(appends, outcomes, strict=True) if outcome is None]
    assert 0 < len(accepted) < 40
    assert {type(outcome) for outcome in outcomes if outcome is not None} == {Unavailable}

    await log.append(records("last"))
    expected = ["first", *(record.value.decode() for batch in accepted for record in batch), "last"]
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        assert texts(await read(consumer, len(expected))) == expected
    await log.close()


async def test_a_replay_reads_the_records_present_at_its_start_and_moves_no_group(
    log: Log, database: Database
) -> None:
    assert [message async for batch in log.replay("interactions") for message in batch] == []
    for n in range(20):
        await log.append(
            [*records(f"ana{n}"), *records(f"eva{n}", key="eva"), Record("leads", "ana", b"lead")]
        )
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        await read(consumer, 40)
        replayed: list[Message] = []
        async for batch in log.replay("interactions"):
            await log.append(records("later"))
            replayed += batch
        got = texts(replayed)
        for key in ("ana", "eva"):
            assert [text for text in got if text.startswith(key)] == [f"{key}{n}" for n in range(20)]
        assert len(got) == 40
        assert set(texts(await read(consumer, 1))) == {"later"}, "the group's reader goes on"


async def test_the_backlog_has_the_number_and_age_of_unapplied_records(log: Log, database: Database) -> None:
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        await log.append(records("1", "2", "3"))
        messages = await read(consumer, 3)
        partition = messages[0].partition
        behind = (await consumer.backlog())[partition]
        assert behind.records == 3

        async def age() -> float:
            return (await consumer.backlog())[partition].oldest_seconds

        await eventually(age, lambda seconds: seconds > behind.oldest_seconds)
        await consumer.acknowledge({partition: messages[-1].offset + 1})
        done = (await consumer.backlog())[partition]
        assert done == Backlog(done.end, done.end, 0, 0.0)


async def test_ping_of_a_working_log_succeeds(log: Log) -> None:
    await log.ping()


async def test_an_append_to_an_unreachable_log_raises_unavailable() -> None:
    nowhere = KafkaLog("127.0.0.1:1", topics=("interactions",))
    with pytest.raises(Unavailable, match="does not answer"):
        await nowhere.append(records("1"))
    await nowhere.close()
