"""The table of dead letters follows its topic, whatever the messages are, and counts the open letters."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from services.ingest.dead_letters import follow
from services.ingest.store.dead_letters import check_migrated
from shared.database.dead_letters import OpenLetters, count_open
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import DEAD_LETTERS, DeadLetterReplayed, encode
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from tests.contract.logs import open_log
from tests.support.builders import NOON, interaction
from tests.support.patience import a_moment, patience
from tests.support.tables import changed, values
from tests.worlds.dead_letters import DeadLettersWorld, letter, run_dead_letters

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[DeadLettersWorld]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    async with run_dead_letters(log, database) as running:
        yield running
    await log.close()


def replayed(id: str = "dead_1", at: datetime = LATER) -> DeadLetterReplayed:
    return DeadLetterReplayed(id=f"evt_{id}", letter=id, replayed_at=at, author="ops")


async def open_letters(world: DeadLettersWorld) -> list[OpenLetters]:
    return await world.database.read(count_open)


async def test_a_dead_letter_that_is_repeated_on_the_log_is_stored_once(world: DeadLettersWorld) -> None:
    await world.append(letter(), letter(), letter("dead_2", code="odd"))
    await world.append(letter())
    assert await open_letters(world) == [("scoring", "odd", 1), ("scoring", "unhandled", 1)]


async def test_a_replay_mark_closes_a_dead_letter_in_the_same_batch_or_later(world: DeadLettersWorld) -> None:
    await world.append(letter(), replayed(), letter(), letter("dead_2"), replayed("nobody"))
    assert await world.open_ids() == ["dead_2"]
    await world.append(replayed("dead_2"), replayed("dead_2", LATER + timedelta(days=1)))
    assert await world.open_ids() == []
    shown = (await world.ops.get("/v1/dead-letters/dead_2")).json()
    assert shown["replayed_at"].startswith("2026-03-14T12:05:00"), "the first replay is the one that counted"


async def test_a_dead_letter_refused_again_after_its_replay_is_open_again(
    world: DeadLettersWorld,
) -> None:
    """As after a restore: the same position of the log, and so the same id."""
    await world.append(letter(), replayed())
    again = letter(code="worse", refused_at=LATER + timedelta(seconds=1))
    await world.append(again, letter())
    assert await open_letters(world) == [("scoring", "worse", 1)]
    await world.append(replayed())
    assert await world.open_ids() == ["dead_1"], "a mark is of the time before"


FOREIGN: list[Any] = [
    b"",
    b"nonsense",
    b"\xff\xfe\0",
    encode(interaction()),
    encode(letter("with space")),
    encode(letter("x" * 3_000)),
    encode(letter("nul\0")),
    encode(letter(code="Nul\0")),
    encode(letter(refused_by="\x1b[31m")),
    encode(letter()).replace(b"2026-03-14T12:00:00Z", b"2026-03-14T12:00:00"),
    encode(letter()).replace(b"2026-03-14T12:00:00Z", b"0001-01-01T00:00:00+14:00"),
    encode(replayed("\0")),
    encode(replayed()).replace(b"2026-03-14T12:05:00Z", b"9999-12-31T23:59:00-14:00"),
]


async def test_a_foreign_record_on_the_topic_is_listed_and_appends_no_dead_letter(
    world: DeadLettersWorld,
) -> None:
    """If it were parked, it would be appended for ever to the topic from which it cannot be read."""
    await world.log.append([Record(DEAD_LETTERS, "any", value) for value in FOREIGN])
    await world.append(letter("dead_good"))
    found = [(row.refused_by, row.letters) for row in await open_letters(world)]
    assert sum(number for group, number in found if group == "dead_letters") == len(FOREIGN)
    assert ("scoring", 1) in found
    assert len(await world.messages(DEAD_LETTERS)) == len(FOREIGN) + 1
    page = (await world.ops.get("/v1/dead-letters", params={"limit": 200})).json()["items"]
    for item in page:
        assert (await world.ops.get(f"/v1/dead-letters/{item['id']}")).status_code == 200
    answer = await world.replay(refused_by="dead_letters")
    assert (answer["replayed"], len(answer["refused"])) == (len(FOREIGN) - 3, 3), "three are no events"


async def test_a_long_message_with_a_nul_is_stored_and_shortened_in_the_list(world: DeadLettersWorld) -> None:
    await world.append(letter(message="\0" + "x" * 10_000, source="/v1/\0"))
    (item,) = (await world.ops.get("/v1/dead-letters")).json()["items"]
    assert (len(item["message"]), item["source"]) == (4_096, "/v1/\N{REPLACEMENT CHARACTER}")
    assert len((await world.ops.get("/v1/dead-letters/dead_1")).json()["message"]) == 10_001


async def test_the_metric_counts_open_dead_letters_by_refusing_group(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "COUNT_EVERY_SECONDS", 0.02)
    group = f"g{uuid4().hex[:8]}"

    def counted() -> float | None:
        return REGISTRY.get_sample_value("flipline_dead_letters_open", {"refused_by": group})

    log = EmbeddedLog(tmp_path / "log.sqlite")
    async with run_dead_letters(log, database) as world, patience():
        await world.append(letter(refused_by=group), letter("dead_2", refused_by=group, code="odd"))
        while counted() != 2:
            await a_moment()
        await world.append(replayed(), replayed("dead_2"))
        while counted() != 0:
            await a_moment()
    await log.close()


@pytest.mark.kafka
async def test_on_kafka_dead_letters_and_marks_match_across_partitions(
    kafka: str, database: Database
) -> None:
    log = open_log(f"kafka:{kafka}/letters-{uuid4().hex[:8]}-")
    async with run_dead_letters(log, database) as world:
        letters = [letter(f"dead_{number:02}") for number in range(30)]
        await world.append(*letters, *(replayed(dead_letter.id) for dead_letter in letters[:25]))
        assert sorted(await world.open_ids()) == [dead_letter.id for dead_letter in letters[25:]]
        answer = await world.replay(refused_by="scoring")
        assert (answer["replayed"], len(answer["refused"])) == (0, 5), "an empty object is no event"
    await log.close()


@pytest.mark.parametrize("state", ["empty", "away"])
async def test_ingest_accepts_events_and_is_ready_without_the_dead_letter_table(
    tmp_path: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LOOK_AGAIN_SECONDS", 0.02)
    urls = {
        "empty": f"sqlite:///{tmp_path}/state.sqlite",
        "away": "postgresql+asyncpg://nobody@127.0.0.1:1/x",
    }
    log, database = EmbeddedLog(tmp_path / "log.sqlite"), Database(urls[state])
    async with run_dead_letters(log, database) as world:
        event = {"type": "visit", "identities": {"email": "ana@example.com"}}
        for _ in range(3):
            assert (await world.tracker.post("/v1/events", json=event)).status_code == 200
            assert (await world.ops.get("/readyz")).json() == {"status": "ready", "checks": {"log": "ok"}}
            for answer in (
                await world.ops.get("/v1/dead-letters"),
                await world.ops.get("/v1/dead-letters/dead_1"),
                await world.ops.post("/v1/dead-letters/replay", json={"ids": ["dead_1"]}),
                await world.ops.post("/v1/dead-letters/replay", json={}),
            ):
                assert answer.status_code == 503, answer.text
                code = "database_not_migrated" if state == "empty" else "database_unavailable"
                assert (answer.json()["code"], answer.headers["retry-after"]) == (code, "5")
    await database.close()
    await log.close()


async def test_the_table_fills_as_soon_as_the_database_is_migrated(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LOOK_AGAIN_SECONDS", 0.02)
    log = EmbeddedLog(tmp_path / "log.sqlite")
    database = Database(f"sqlite:///{tmp_path}/state.sqlite")
    async with run_dead_letters(log, database) as world:
        assert (await world.ops.get("/v1/dead-letters")).status_code == 503
        await world.log.append([Record(DEAD_LETTERS, "dead_1", encode(letter()))])
        template = Database(f"sqlite:///{migrated_sqlite}")
        ddl = sa.text("select sql from sqlite_master where sql is not null and name not like 'sqlite_%'")
        statements = await values(template, ddl)
        await template.close()
        await changed(database, *map(sa.text, statements))
        async with patience():
            while (await world.ops.get("/v1/dead-letters")).json()["items"] == []:
                await a_moment()
        assert await world.open_ids() == ["dead_1"]
    await database.close()
    await log.close()


async def test_a_missing_dead_letter_table_is_reported_with_the_migrate_command(database: Database) -> None:
    """On both dialects, since each driver has words of its own for it."""
    await changed(database, sa.text("alter table dead_letters rename to hidden"))
    try:
        with pytest.raises(Unavailable, match="flipline migrate") as unavailable:
            await check_migrated(database)
        assert unavailable.value.code == "database_not_migrated"
    finally:
        await changed(database, sa.text("alter table hidden rename to dead_letters"))
