"""The timer: how scores change without interactions."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.scoring.change import preparation
from services.scoring.live import timer as timer_module
from services.scoring.live.timer import Timer
from services.scoring.store.models import draft_of
from services.scoring.store.tables import cycles, models, preparations, scores
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import LeadQualified, StageChanged
from shared.process.pulse import Pulse
from tests.cast import ANA, FADING_VISITS
from tests.support.builders import NOON, interaction, rule
from tests.support.patience import patience
from tests.support.tables import changed
from tests.worlds.scoring import ScoringWorld

STAGES = {"engaged": 8}


async def everything(world: ScoringWorld) -> list[object]:
    return [await world.table_rows(table) for table in (scores, cycles, models, outbox)]


async def test_a_score_that_fades_out_of_a_stage_is_reported_once(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000, stages=STAGES)
    await world.consume(interaction())
    await world.let_time_pass(days=3)
    assert [(one.before, one.after) for one in await world.outbox_events(StageChanged)] == [(None, "engaged")]
    await world.let_time_pass(days=1)
    await world.let_time_pass(days=1)
    _, left = await world.outbox_events(StageChanged)
    assert (left.before, left.after, left.score) == ("engaged", None, 7.579)
    assert left.changed_at == NOON + timedelta(days=4)
    assert (await world.score_row(ANA)).score == await world.score(ANA) == 7.071


async def test_the_timer_catches_up_at_once_after_days_without_a_process(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000, stages=STAGES)
    await world.consume(interaction())
    assert await world.let_time_pass(days=300) == 1
    assert [one.after for one in await world.outbox_events(StageChanged)] == ["engaged", None]


async def test_inactivity_reduces_points_in_steps_down_to_the_floor(world: ScoringWorld) -> None:
    inactivity = {"after": "10d", "points": -2, "every": "5d", "floor": -6}
    await world.activate(rule("visits", 10), flip_number=1000, inactivity=inactivity)
    await world.consume(interaction())
    seen = {}
    for day in range(31):
        seen[day] = (await world.score_row(ANA)).score, await world.let_time_pass(days=1)
    assert {day for day, (_, priced) in seen.items() if priced} == {9, 14, 19}
    assert [seen[day][0] for day in (9, 10, 14, 15, 19, 20, 30)] == [10, 8, 8, 6, 6, 4, 4]
    await world.consume(interaction(day=31))
    assert (await world.score_row(ANA)).score == 20


async def test_a_profile_that_gets_its_data_after_its_score_has_faded_becomes_no_lead(
    world: ScoringWorld,
) -> None:
    await world.activate(FADING_VISITS, flip_number=8, requires=["last_name"])
    await world.consume(interaction())
    assert (await world.score_row(ANA)).state == "waiting_for_data"
    await world.let_time_pass(days=4)
    assert (await world.score_row(ANA)).state == "below"
    await world.consume(interaction("identify", day=4, traits={"last_name": "Diaz"}))
    assert await world.outbox_events(LeadQualified) == []


@pytest.mark.parametrize("fades", [{"window": "30d"}, {"half_life": "30d"}])
@pytest.mark.parametrize("at_a_time", [1, 40])
async def test_a_score_that_rises_because_a_penalty_fades_flips_once(
    world: ScoringWorld, fades: dict[str, str], at_a_time: int
) -> None:
    await world.activate(
        rule("visits", 20),
        rule("leaves", -10, when={"type": "email_unsubscribe"}, **fades),
        flip_number=15,
    )
    await world.consume(interaction(), interaction("email_unsubscribe"))
    for _ in range(40 // at_a_time):
        await world.let_time_pass(days=at_a_time)
    (lead,) = await world.outbox_events(LeadQualified)
    assert lead.crossed_on == "2026-04-13"
    assert lead.qualified_at == NOON + timedelta(days=30 if at_a_time == 1 else 40)
    await world.consume(interaction(day=40))
    await world.let_time_pass(days=40)
    assert len(await world.outbox_events(LeadQualified)) == 1


async def test_an_adjustment_ends_on_the_day_after_its_last_day(world: ScoringWorld) -> None:
    await world.activate(rule("visits", 10), flip_number=1000)
    given = {"model": "m", "points": 5, "reason": "met", "author": "Olga", "until": "2026-03-16"}
    await world.consume(interaction(), interaction("adjustment", **given))
    assert await world.let_time_pass(days=2) == 0
    assert (await world.score_row(ANA)).score == 15
    assert await world.let_time_pass(days=1) == 1
    assert (await world.score_row(ANA)).score == 10


async def test_an_interaction_with_a_future_day_counts_from_that_day(world: ScoringWorld) -> None:
    await world.activate(rule("visits", 10), flip_number=20)
    await world.consume(interaction(), interaction(day=2))
    assert (await world.score_row(ANA)).score == 10
    await world.let_time_pass(days=1)
    assert await world.outbox_events(LeadQualified) == []
    await world.let_time_pass(days=1)
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.score, lead.crossed_on) == (20, "2026-03-16")


async def test_after_a_migration_the_timer_prices_all_profiles_and_reports_nothing(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer_module, "PAGE", 3)
    await world.activate(rule("visits", 10), flip_number=10, stages=STAGES)
    await world.consume(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(10)))
    before = await everything(world)
    await changed(world.database, sa.delete(scores))
    world.timer = Timer(world.database, world.clock, lambda: None)
    assert await world.let_time_pass() == 10
    assert await everything(world) == before


async def test_scores_of_inactive_versions_are_removed(world: ScoringWorld) -> None:
    await world.activate(rule("visits", 10), flip_number=1000)
    await world.consume(interaction())
    await world.activate(rule("visits", 11), flip_number=1000)
    await world.activate(rule("visits", 12), flip_number=1000)
    await world.let_time_pass()
    assert [row[2] for row in await world.table_rows(scores)] == [3]


async def test_scores_of_a_version_in_preparation_are_neither_removed_nor_left_unpriced(
    world: ScoringWorld,
) -> None:
    def started(connection: sa.Connection) -> None:
        draft = draft_of(connection, "m")
        assert draft is not None
        preparation.start(connection, draft, world.clock.now())

    await world.activate(rule("visits", 10), flip_number=1000)
    await world.save_draft(FADING_VISITS, flip_number=1000)
    await world.database.unit(started)
    await world.consume(interaction())
    await world.let_time_pass(days=10)
    assert [(row[2], row[3]) for row in await world.table_rows(scores)] == [(1, 10), (2, 5)]
    assert len(await world.table_rows(preparations)) == 1


async def test_two_concurrent_timers_report_each_stage_change_once(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timer_module, "PAGE", 4)
    await world.activate(FADING_VISITS, flip_number=1000, stages=STAGES)
    await world.consume(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(30)))
    world.clock.advance(days=5)

    async def work(timer: Timer) -> int:
        done = 0
        while await world.table_rows(outbox) and len(await world.outbox_events(StageChanged)) < 60:
            done += await world.database.unit(timer.rescore_due)
        return done

    timers = [Timer(world.database, world.clock, lambda: None) for _ in range(2)]
    async with patience():
        assert sum(await asyncio.gather(*map(work, timers))) == 30
    assert len({one.id for one in await world.outbox_events(StageChanged)}) == 60
    assert await world.let_time_pass() == 0


@pytest.mark.postgres
async def test_a_second_timer_finds_nothing_to_do_while_the_first_timer_works(postgres_url: str) -> None:
    world = ScoringWorld(Database(postgres_url))
    await world.activate(FADING_VISITS, flip_number=1000)
    await world.consume(interaction())
    world.clock.advance(days=1)
    async with world.database.open_unit() as connection:
        assert await connection.run(world.timer.rescore_due) == 1
        assert await world.rescore_due() == 0
    assert await world.rescore_due() == 0
    await world.database.close()


async def test_rolled_back_work_of_a_timer_is_still_due(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000, stages=STAGES)
    await world.consume(interaction())
    world.clock.advance(days=5)

    def half_done(connection: sa.Connection) -> None:
        world.timer.rescore_due(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await world.database.unit(half_done)
    assert await world.let_time_pass() == 1
    assert len(await world.outbox_events(StageChanged)) == 2


async def test_when_nothing_is_due_nothing_is_written(world: ScoringWorld) -> None:
    await world.activate(rule("visits", 10), flip_number=10, stages=STAGES)
    await world.consume(interaction(), interaction(known_as={"anonymous_id": "cookie"}))
    before = await everything(world)
    assert await world.let_time_pass(days=400) == 0
    assert await everything(world) == before


async def test_a_due_score_without_a_profile_is_deleted(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000)
    await world.consume(interaction())
    kept = (await world.table_rows(scores))[0]
    await changed(world.database, sa.insert(scores).values(("nobody", *kept[1:])))
    assert await world.let_time_pass(days=1) == 2
    assert [row[0] for row in await world.table_rows(scores)] == [ANA.id]


async def test_the_timer_notifies_after_it_has_rescored_a_profile(world: ScoringWorld) -> None:
    await world.activate(FADING_VISITS, flip_number=1000)
    await world.consume(interaction())
    world.clock.advance(days=1)
    settled = asyncio.Event()
    running = asyncio.create_task(Timer(world.database, world.clock, settled.set).run(Pulse()))
    async with patience():
        await settled.wait()
    running.cancel()
    await asyncio.wait([running])
    assert (await world.score_row(ANA)).score == 9.33
