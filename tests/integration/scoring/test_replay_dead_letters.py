"""`replay --check` and the dead letters of all groups: open ones of a consumer group are work left undone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.events import DEAD_LETTERS, DeadLetter, DeadLetterReplayed, encode
from shared.log.port import Record
from tests.support.builders import NOON, interaction
from tests.worlds.instance import words
from tests.worlds.replay import MATRIX, RULES, ReplayWorld, open_replay


@pytest.fixture
async def running(database: Database, tmp_path: Path) -> AsyncIterator[ReplayWorld]:
    async with open_replay(database, tmp_path) as running:
        await running.world.activate(*RULES, **MATRIX)
        await running.append_and_score(interaction())
        await running.relay_outbox()
        yield running


def letter(id: str, *, refused_by: str, code: str = "unhandled") -> DeadLetter:
    return DeadLetter(
        id=id, code=code, message="", payload="{}", refused_at=NOON, refused_by=refused_by, source="leads/0/1"
    )


def replayed(id: str) -> DeadLetterReplayed:
    at = NOON + timedelta(minutes=1)
    return DeadLetterReplayed(id=f"evt_{id}", letter=id, replayed_at=at, author="ops")


async def append(running: ReplayWorld, *events: DeadLetter | DeadLetterReplayed) -> None:
    await running.log.append([Record(DEAD_LETTERS, "any", encode(event)) for event in events])


async def test_a_parked_message_of_another_group_fails_the_check_until_it_is_replayed(
    running: ReplayWorld,
) -> None:
    await append(running, letter("dead_1", refused_by="handoff"), letter("dead_1", refused_by="handoff"))
    assert not await running.matches_the_log()
    assert "handoff unhandled 1" in words(running.printed)
    assert "Messages that consumer groups have parked: 1." in running.printed
    assert "flipline dead-letters replay" in running.printed
    await append(running, replayed("dead_1"), replayed("dead_1"))
    assert await running.matches_the_log(), running.printed
    assert "parked" not in running.printed


async def test_dead_letters_of_ingest_are_shown_and_do_not_fail_the_check(running: ReplayWorld) -> None:
    codes = ["type_invalid", "shape_invalid", "type_invalid"]
    letters = [letter(f"d{n}", refused_by="ingest", code=code) for n, code in enumerate(codes)]
    await append(running, *letters)
    assert await running.matches_the_log(), running.printed
    assert "ingest shape_invalid 1 ingest type_invalid 2" in words(running.printed)


async def test_an_undecodable_message_on_the_dead_letter_topic_fails_the_check(running: ReplayWorld) -> None:
    await running.log.append([Record(DEAD_LETTERS, "any", b"\xff no letter")])
    assert not await running.matches_the_log()
    assert "dead_letters undecodable 1" in words(running.printed)


async def test_the_check_counts_dead_letters_beyond_one_batch_of_the_log(running: ReplayWorld) -> None:
    letters = [letter(f"d{n}", refused_by="ingest") for n in range(4_500)]
    await append(running, *letters)
    await append(running, *(replayed(dead_letter.id) for dead_letter in letters[:1_000]))
    assert await running.matches_the_log(), running.printed
    assert "ingest unhandled 3,500" in words(running.printed)
