"""Replay over HTTP: what is appended, what is refused again, and that a second time changes nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.dead_letters import replay
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import DEAD_LETTERS, DeadLetterReplayed, Interaction, encode
from shared.log.embedded import EmbeddedLog
from shared.payload import payload_of
from tests.cast import VISIT
from tests.contract.logs import open_log
from tests.support.builders import NOON, interaction
from tests.worlds.dead_letters import DeadLettersWorld, letter, run_dead_letters


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def world(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> AsyncIterator[DeadLettersWorld]:
    url = f"embedded:{tmp_path}/log.sqlite"
    if request.param == "kafka":
        url = f"kafka:{request.getfixturevalue('kafka')}/replay-{uuid4().hex[:8]}-"
    log = open_log(url)
    async with run_dead_letters(log, database) as running:
        yield running
    await log.close()


def parked(id: str, **fields: Any) -> Any:
    return letter(id, **payload_of(encode(interaction(id=f"e-{id}")))._asdict() | fields)


async def test_a_replayed_parked_message_is_appended_again_and_its_dead_letter_is_closed(
    world: DeadLettersWorld,
) -> None:
    await world.append(parked("d1"), parked("d2"))
    assert await world.replay(ids=["d1", "d1"]) == {
        "replayed": 1, "already_replayed": 0, "refused": [], "more": False, "remaining": 0,
    }  # fmt: skip
    assert [event.id for event in await world.events()] == ["e-d1"]
    assert await world.open_ids() == ["d2"]
    assert (await world.replay(ids=["d1"]))["already_replayed"] == 1
    assert len(await world.events()) == 1
    marks = [event for event in await world.events(DEAD_LETTERS) if isinstance(event, DeadLetterReplayed)]
    (mark,) = marks
    assert mark.author.startswith("key ")


async def test_a_replay_is_not_dated_before_the_dead_letter_was_refused(world: DeadLettersWorld) -> None:
    await world.append(parked("d1", refused_at=NOON + timedelta(days=1)))
    await world.replay(refused_by="scoring")
    (mark,) = [event for event in await world.events(DEAD_LETTERS) if isinstance(event, DeadLetterReplayed)]
    assert mark.replayed_at == NOON + timedelta(days=1), "the clock that parked it was ahead"


async def test_a_replayed_event_that_is_still_invalid_is_refused_again_and_stays_open(
    world: DeadLettersWorld,
) -> None:
    body = [VISIT | {"type": "Visit"}, VISIT | {"colour": "red"}]
    second, first = await world.send_refused("/v1/events", body)
    for letter_id in (first, second):
        (refused,) = (await world.replay(ids=[letter_id]))["refused"]
        assert refused["id"] == letter_id
        assert refused["code"] in {"type_invalid", "shape_invalid"}
    assert await world.open_ids() == [second, first]
    assert await world.events() == []


async def test_repeated_replays_append_an_accepted_event_with_the_same_id(
    world: DeadLettersWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark is lost twice, as in a crash: the event is on the log twice under one id."""
    from services.ingest.formats import native
    from services.ingest.reading import vocabulary

    await world.send_refused("/v1/events", [VISIT | {"type": "Visit"}])
    world.clock.advance(days=3)
    monkeypatch.setattr(native, "checked_type", vocabulary.snake_case)
    with monkeypatch.context() as crashing:
        crashing.setattr(replay, "DEAD_LETTERS", "sales")
        crashing.setattr(replay, "mark", lambda *_: _nothing())
        for _ in range(2):
            assert (await world.replay(refused_by="ingest"))["replayed"] == 1
    assert (await world.replay(refused_by="ingest"))["replayed"] == 1
    first, second, third = await world.events()
    assert first == second == third
    assert isinstance(first, Interaction)
    assert (first.type, first.occurred_at, first.received_at) == ("visit", NOON, NOON)
    assert await world.open_ids() == []


async def _nothing() -> None:
    return None


async def test_a_refused_dead_letter_does_not_stop_the_replay_of_other_dead_letters(
    world: DeadLettersWorld,
) -> None:
    await world.append(parked("d1"), letter("d2"), parked("d3"))
    answer = await world.replay(ids=["d1", "d2", "d3", "d4"])
    assert answer["replayed"] == 2
    assert [(refusal["id"], refusal["code"]) for refusal in answer["refused"]] == [
        ("d4", "dead_letter_unknown"), ("d2", "undecodable"),
    ]  # fmt: skip
    assert await world.open_ids() == ["d2"]


async def test_a_replay_call_is_bounded_and_the_next_call_continues_after_refused_dead_letters(
    world: DeadLettersWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_LETTERS", 4)
    monkeypatch.setattr(replay, "CHUNK", 3)
    good = [parked(f"d{n}", refused_at=NOON + timedelta(minutes=n)) for n in range(6)]
    bad = [letter(f"x{n}", refused_at=NOON + timedelta(minutes=n)) for n in range(4)]
    await world.append(*good, *bad, parked("other", refused_by="handoff"))
    answer = await world.replay(refused_by="scoring")
    assert (answer["replayed"], len(answer["refused"])) == (2, 2), "d0, x0, d1 and x1, the earliest first"
    assert (answer["more"], answer["remaining"]) == (True, 6)
    # A message that is parked again is a new letter, later than all others.
    await world.append(parked("again", refused_at=NOON + timedelta(hours=1)))
    totals = [answer["replayed"]]
    while answer["more"]:
        answer = await world.replay(refused_by="scoring", cursor=answer["next_cursor"])
        totals.append(answer["replayed"])
    assert totals == [2, 2, 2]
    assert set(await world.open_ids()) == {"x0", "x1", "x2", "x3", "other", "again"}


async def test_a_replay_marks_nothing_while_the_log_is_unavailable(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    async with run_dead_letters(log, database) as world:
        await world.append(parked("d1"))

        async def away(*_: Any) -> None:
            raise Unavailable("log_unavailable", "The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(log, "append", away)
            answer = await world.ops.post("/v1/dead-letters/replay", json={"ids": ["d1"]})
            assert (answer.status_code, answer.json()["code"]) == (503, "log_unavailable")
        assert await world.open_ids() == ["d1"]
        assert (await world.replay(ids=["d1"]))["replayed"] == 1
    await log.close()
