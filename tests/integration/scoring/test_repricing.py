"""All profiles are priced again: after the clock was wrong, beside live scoring, and any number of times."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.change import pages
from services.scoring.rebuild.repricing import anew
from services.scoring.rebuild.repricing.anew import Repriced, Repricing
from services.scoring.store.tables import scores
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.errors import NotFound, Unavailable
from shared.events import LeadQualified, StageChanged
from tests.cast import ANA, BEN, CLEO, FADING_VISITS
from tests.integration.scoring.many_profiles import (
    LIMITS,
    MATRIX,
    activate_matrix,
    assert_as_defined,
    batches,
    columns,
)
from tests.support.builders import identities, interaction, rule
from tests.support.patience import a_moment, patience
from tests.support.tables import changed
from tests.worlds.scoring import ScoringWorld

STAGES = {"engaged": 8}


@pytest.fixture(autouse=True)
def without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAUSE_SECONDS", 0)


def visits(who: Any, number: int = 1, day: int = 0) -> list[Any]:
    return [interaction(day=day, known_as={who.kind: who.value}) for _ in range(number)]


async def repriced(world: ScoringWorld, model: str | None = None) -> Repriced:
    return await Repricing(world.database, world.clock, model).run(lambda *_: None)


async def everything(world: ScoringWorld) -> list[object]:
    return [await world.table_rows(table) for table in (scores, outbox)]


async def test_repricing_corrects_scores_stored_under_a_wrong_clock(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000, stages=STAGES)
    await world.consume(*visits(ANA))
    world.clock.advance(days=300)
    await world.consume(*visits(BEN))
    await world.let_time_pass()
    world.clock.advance(days=-299)
    assert await world.let_time_pass() == 0, "the timer looks at them when they are due"
    assert ((await world.score_row(ANA)).score, (await world.score_row(BEN)).score) == (0, 0)
    found = await repriced(world)
    assert (found.profiles, found.changed, found.leads.total()) == (2, 2, 0)
    assert (
        (await world.score_row(ANA)).score
        == (await world.score_row(BEN)).score
        == await world.score(ANA)
        == 9.33
    )
    assert [one.after for one in await world.outbox_events(StageChanged)][-2:] == ["engaged", "engaged"]
    await world.let_time_pass(days=3)
    assert (await world.score_row(ANA)).score == 7.579, "the timer goes on from there"


async def test_repricing_correct_scores_changes_nothing(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=5, stages=STAGES)
    await world.consume(*visits(ANA), *visits(BEN))
    before = await everything(world)
    for _ in range(2):
        found = await repriced(world)
        assert (found.profiles, found.changed, found.leads) == (2, 0, {})
    assert await everything(world) == before


async def test_repricing_makes_a_lead_missed_under_a_wrong_clock_once(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=20)
    world.clock.advance(days=300)
    await world.consume(*visits(ANA, 3))
    assert await world.outbox_events(LeadQualified) == []
    world.clock.advance(days=-300)
    assert (await repriced(world)).leads == {"m": 1}
    assert (await repriced(world)).leads == {}
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.profile_id, lead.score) == (ANA.id, 30)
    await world.consume(*visits(ANA))
    assert len(await world.outbox_events(LeadQualified)) == 1


async def test_repricing_makes_no_second_lead_of_a_profile(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=20)
    await world.consume(*visits(ANA, 3))
    await world.let_time_pass(days=300)
    world.clock.advance(days=-300)
    found = await repriced(world)
    assert (found.changed, found.leads) == (1, {})
    assert len(await world.outbox_events(LeadQualified)) == 1


@pytest.mark.parametrize("handoff", ["new_activity_only", "none"])
async def test_repricing_respects_the_handoff_mode_of_the_activation(
    world: ScoringWorld, handoff: Any
) -> None:
    """While the clock was wrong all scores seemed to have faded, and all profiles qualify again."""
    await world.activate(FADING_VISITS, flip_number=1000)
    await world.consume(*visits(ANA, 3), *visits(BEN, 3), *visits(CLEO))
    world.clock.advance(hours=1)
    await world.activate(FADING_VISITS, flip_number=20, handoff=handoff)
    await world.let_time_pass(days=300)
    assert (await world.score_row(ANA)).state == "below"
    await world.consume(*visits(BEN, day=1), *visits(CLEO, 2, day=1))
    world.clock.advance(days=-299)
    found = await repriced(world)
    assert found.changed == 3
    # One of the profiles with interactions since then was kept from sales for good by `none`.
    expected = {BEN.id, CLEO.id} if handoff == "new_activity_only" else {CLEO.id}
    assert {lead.profile_id for lead in await world.outbox_events(LeadQualified)} == expected
    assert found.leads == {"m": len(expected)}


async def test_a_profile_without_a_score_is_priced_without_a_stage_change_or_a_lead(
    world: ScoringWorld,
) -> None:
    await world.activate(rule("visits", 10), flip_number=10, stages=STAGES)
    await world.consume(*visits(ANA))
    await changed(world.database, sa.delete(scores))
    before = await world.table_rows(outbox)
    assert (await repriced(world)).changed == 1
    assert (await world.score_row(ANA)).score == 10
    assert await world.table_rows(outbox) == before


async def test_repricing_can_be_limited_to_one_model(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000)
    await world.activate(FADING_VISITS, flip_number=1000, model="other")
    await world.consume(*visits(ANA))
    await world.let_time_pass(days=300)
    world.clock.advance(days=-300)
    assert (await repriced(world, "other")).changed == 1
    assert ((await world.score_row(ANA)).score, (await world.score_row(ANA, "other")).score) == (0, 10)
    with pytest.raises(NotFound, match="There is no active model none"):
        await repriced(world, "none")


async def test_an_interrupted_repricing_stores_its_finished_pages_and_can_be_completed_later(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "PAGE", 3)
    await world.activate(FADING_VISITS, flip_number=8)
    world.clock.advance(days=300)
    people = [identities(email=f"p{n}@example.com")[0] for n in range(20)]
    await world.consume(*(one for who in people for one in visits(who)))
    world.clock.advance(days=-300)
    shown: list[tuple[int, int]] = []

    def interrupt(done: int, total: int) -> None:
        shown.append((done, total))
        if done >= 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Repricing(world.database, world.clock, None).run(interrupt)
    assert shown == [(3, 20), (6, 20), (9, 20)]
    found = await repriced(world)
    assert (found.profiles, found.changed, found.leads) == (20, 11, {"m": 11})
    assert len({lead.lead_id for lead in await world.outbox_events(LeadQualified)}) == 20


async def test_repricing_during_live_scoring_gives_right_scores_and_single_leads(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anew, "PAGE", 7)
    world = ScoringWorld(database, LIMITS)
    await activate_matrix(world, MATRIX)
    events = columns(11, people=25, deeds=500)
    given = list(batches(events, 12))
    done = asyncio.Event()

    async def prices() -> None:
        while not done.is_set():
            await repriced(world)
            await asyncio.sleep(0)

    async def scores_live() -> None:
        for batch in given:
            await again_while_disturbed(world, batch)
        done.set()

    async with patience():
        await asyncio.gather(prices(), scores_live())
    await world.let_time_pass()
    assert (await repriced(world)).changed == 0
    await assert_as_defined(world, events)
    leads = [lead.lead_id for lead in await world.outbox_events(LeadQualified)]
    assert len(leads) == len(set(leads)) > 0


async def again_while_disturbed(world: ScoringWorld, batch: list[Any]) -> None:
    while True:
        try:
            return await world.consume(*batch)
        except Unavailable:
            await a_moment()
