"""Activation in several transactions: with crashes, with other activations, and with readers."""

import asyncio
import re
from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.change import activation, preparation
from services.scoring.change.activation import Activation, activate
from services.scoring.store import preparations
from services.scoring.store.tables import activations, models, scores, versions
from shared.errors import Conflict, NotFound
from shared.events import LeadQualified
from shared.model_events import MatrixActivated
from tests.cast import VISITS
from tests.integration.scoring.small_pages import prepare_in_pages_of
from tests.support.builders import identities, interaction, rule
from tests.support.statements import statements
from tests.support.tables import rows
from tests.worlds.scoring import ScoringWorld

LIKES = rule("likes", 3, when={"type": "like"})
MODEL = "m"


def crash(monkeypatch: pytest.MonkeyPatch, name: str, after: int) -> None:
    """Have a page fail after `after` pages that succeeded."""
    function, pages = getattr(preparation, name), iter(range(after))

    def fail_in_the_end(*arguments: Any) -> None:
        function(*arguments)
        if next(pages, None) is None:
            raise ZeroDivisionError

    monkeypatch.setattr(preparation, name, fail_in_the_end)


async def watch(world: ScoringWorld) -> preparation.Preparation | None:
    return await world.database.read(lambda connection: preparations.read(connection, MODEL))


@pytest.fixture
async def ten(world: ScoringWorld, monkeypatch: pytest.MonkeyPatch) -> ScoringWorld:
    """A world of ten people who visited and liked; only visits count, and a page has two people."""
    prepare_in_pages_of(2, monkeypatch)
    await world.activate(VISITS, flip_number=10)
    for n in range(10):
        who = {"email": f"p{n}@example.com"}
        await world.consume(interaction(known_as=who), interaction("like", known_as=who))
    return world


@pytest.mark.parametrize(("name", "phase"), [("recount", "counting"), ("_price", "pricing")])
async def test_after_a_crash_the_old_version_scores_and_a_repeated_request_resumes_the_activation(
    ten: ScoringWorld, monkeypatch: pytest.MonkeyPatch, name: str, phase: str
) -> None:
    await ten.save_draft(VISITS, LIKES, flip_number=13)
    with monkeypatch.context() as patched:
        crash(patched, name, 3)
        with pytest.raises(ZeroDivisionError):
            await activate(ten.database, ten.clock, MODEL, Activation("all"))
    left = await watch(ten)
    assert left is not None
    assert (left.phase, left.done, left.total) == (phase, 6, 10)
    person = identities(email="p3@example.com")[0]
    await ten.consume(interaction("like", known_as={"email": "p3@example.com"}))
    assert ((await ten.score_row(person)).version, await ten.score(person)) == (1, 10)

    done: list[tuple[str, int]] = []
    advance = preparation.advance

    def advance_and_note(connection: sa.Connection, *arguments: Any) -> preparation.Phase:
        now = preparations.read(connection, MODEL)
        assert now is not None
        done.append((now.phase, now.done))
        return advance(connection, *arguments)

    monkeypatch.setattr(preparation, "advance", advance_and_note)
    ten.clock.advance(seconds=30)
    number, _ = await activate(ten.database, ten.clock, MODEL, Activation("all"))
    assert (number, done[0]) == (2, (phase, 6))
    assert {(await ten.score_row(one)).score for one in [person]} == {16}
    assert sorted(row.score for row in await ten.score_rows() if row.version == 2) == [13] * 9 + [16]
    assert await watch(ten) is None


async def test_another_activation_is_refused_until_the_first_has_stalled(
    ten: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ten.save_draft(VISITS, LIKES, flip_number=13)
    with monkeypatch.context() as patched:
        crash(patched, "_price", 1)
        with pytest.raises(ZeroDivisionError):
            await activate(ten.database, ten.clock, MODEL, Activation("all"))
    await ten.activate(VISITS, model="another")
    ten.clock.advance(seconds=29.9)
    with pytest.raises(Conflict, match="2 of 10") as refused:
        await ten.activate(rule("visits", 7), flip_number=7)
    assert refused.value.code == "activation_under_way"
    ten.clock.advance(seconds=0.1)
    diff = await ten.activate(rule("visits", 7), flip_number=7)
    assert (diff.already_handed_over, {row.score for row in await ten.score_rows() if row.version == 2}) == (
        10,
        {7},
    )


async def test_a_worker_stops_after_its_activation_was_taken_over(ten: ScoringWorld) -> None:

    def started(connection: sa.Connection) -> None:
        wanted = activation._version_to_activate(connection, MODEL, Activation("all"))
        preparation.start(connection, wanted, ten.clock.now())

    def advanced(connection: sa.Connection) -> preparation.Phase:
        return preparation.advance(connection, MODEL, ten.clock.now(), 2)

    await ten.save_draft(VISITS, LIKES, flip_number=13)
    await ten.database.unit(started)
    await ten.database.unit(advanced)
    ten.clock.advance(seconds=31)
    await activate(ten.database, ten.clock, MODEL, Activation("all"))
    with pytest.raises(Conflict, match="ended by another request"):
        await ten.database.unit(advanced)


async def test_a_new_price_does_not_read_the_ledger_but_a_new_condition_does(ten: ScoringWorld) -> None:
    def of_the_ledger(asked: list[str]) -> list[str]:
        return [one for one in asked if re.search(r"\bledger\b", one)]

    with statements(ten.database) as asked:
        await ten.activate(rule("visits", 7, limit={"times": 1, "per": "day"}, cap=5), flip_number=5)
    assert of_the_ledger(asked) == []
    with statements(ten.database) as asked:
        await ten.activate(VISITS, LIKES, flip_number=5)
    assert len(of_the_ledger(asked)) == 5


async def test_a_rollback_scores_as_if_the_version_had_stayed_active(ten: ScoringWorld) -> None:
    person = identities(email="p3@example.com")[0]
    await ten.activate(LIKES, flip_number=1000)
    await ten.consume(interaction(known_as={"email": "p3@example.com"}))
    assert (await ten.score_row(person)).score == 3
    number, diff = await activate(
        ten.database, ten.clock, MODEL, Activation("all", version=1, note="too few")
    )
    assert (number, diff.already_handed_over) == (1, 10)
    assert (await ten.score_row(person)).score == await ten.score(person) == 20
    assert [(row[1], row[2], row[4]) for row in await ten.table_rows(activations)] == [
        (1, 1, None),
        (2, 2, None),
        (3, 1, "too few"),
    ]
    assert [one.version for one in await ten.outbox_events(MatrixActivated)] == [1, 2, 1]
    assert len({one.id for one in await ten.outbox_events(MatrixActivated)}) == 3
    assert len(await ten.table_rows(versions)) == 2
    with pytest.raises(Conflict, match="is the active one"):
        await activate(ten.database, ten.clock, MODEL, Activation("all", version=1))
    with pytest.raises(NotFound):
        await activate(ten.database, ten.clock, MODEL, Activation("all", version=9))


async def test_a_reader_sees_all_scores_of_either_the_old_or_the_new_version(ten: ScoringWorld) -> None:
    joined = (models.c.model == scores.c.model) & (models.c.active_version == scores.c.version)
    seen: list[tuple[int, float, int]] = []

    async def look() -> None:
        query = sa.select(scores.c.version, scores.c.score, sa.func.count()).join(models, joined)
        query = query.group_by(scores.c.version, scores.c.score)
        (row,) = await rows(ten.database, query)
        seen.append(tuple(row))

    async def keep_looking(until: asyncio.Task[Any]) -> None:
        while not until.done():
            await look()

    await look()
    activating = asyncio.create_task(ten.activate(VISITS, LIKES, flip_number=13, handoff="all"))
    await asyncio.gather(activating, keep_looking(activating), keep_looking(activating))
    assert set(seen) <= {(1, 10.0, 10), (2, 13.0, 10)}
    assert seen[0] == (1, 10.0, 10)
    await look()
    assert seen[-1] == (2, 13.0, 10)


async def test_a_draft_that_is_edited_during_its_activation_stays_a_draft(
    ten: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = preparation.advance

    def advance_and_edit(connection: sa.Connection, *arguments: Any) -> preparation.Phase:
        connection.execute(sa.update(models).values(draft="edited"))
        return advance(connection, *arguments)

    await ten.save_draft(rule("visits", 7, label="Größe"), flip_number=7)
    with monkeypatch.context() as patched:
        patched.setattr(preparation, "advance", advance_and_edit)
        await activate(ten.database, ten.clock, MODEL, Activation("none"))
    assert [(row[1], row[2]) for row in await ten.table_rows(models)] == [(2, "edited")]
    assert (await ten.score_row(identities(email="p3@example.com")[0])).score == 7
    await ten.activate(rule("visits", 7, label="Größe"), flip_number=7)
    assert [(row[1], row[2]) for row in await ten.table_rows(models)] == [(3, None)]


async def test_a_profile_that_no_longer_qualifies_after_midnight_is_not_handed_over(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Midnight passes between the last price and the change itself."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction(), interaction(known_as={"email": "ben@example.com"}), interaction())
    prepare = activation._prepare

    async def prepare_until_late(*arguments: Any) -> None:
        await prepare(*arguments)
        world.clock.advance(days=1)

    with monkeypatch.context() as patched:
        patched.setattr(activation, "_prepare", prepare_until_late)
        await world.activate(rule("visits", 10, half_life="30d"), flip_number=10, handoff="all")
    (lead,) = await world.outbox_events(LeadQualified)
    assert lead.score >= lead.flip_number
    await world.let_time_pass()
    assert (await world.score_row(identities(email="ben@example.com")[0])).state == "below"
    assert len(await world.outbox_events(LeadQualified)) == 1
