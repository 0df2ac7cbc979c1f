"""What is done to a person is not what the person did: it ends no inactivity and releases no lead."""

from typing import Any

import pytest
from sqlalchemy import Connection

from services.scoring.change.activation import Activation, activate
from services.scoring.store import ledger
from shared.events import LeadQualified
from shared.vocabulary import TOUCHES
from tests.cast import ANA, VISITS, retraction
from tests.support.builders import interaction, rule
from tests.worlds.scoring import ScoringWorld

ALL_TOUCHES = sorted(TOUCHES)


@pytest.mark.parametrize("touch", ["sms_delivered", "email_sent", "call", "ad_view"])
async def test_a_touch_does_not_end_inactivity_and_a_deed_does(world: ScoringWorld, touch: str) -> None:
    downloads = rule("downloads", 20, when={"type": "download"})
    await world.activate(downloads, inactivity={"after": "30d", "points": -10, "every": "30d"})
    await world.consume(interaction("download", day=-70))
    assert await world.score(ANA) == 0
    await world.consume(interaction(touch))
    assert await world.score(ANA) == 0
    await world.consume(interaction("sms_reply"))
    assert await world.score(ANA) == 20


@pytest.mark.parametrize("touch", ALL_TOUCHES)
async def test_a_touch_releases_nobody_who_waits_for_new_activity(world: ScoringWorld, touch: str) -> None:
    await world.activate(rule("visits", 10), flip_number=40)
    await world.consume(interaction(day=-3), interaction(day=-2))
    await world.activate(rule("visits", 10), flip_number=20, handoff="new_activity_only")
    world.clock.advance(minutes=5)
    await world.consume(interaction(touch, day=1))
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("qualified", 0)
    await world.consume(interaction("sms_reply", day=1))
    assert await world.lead_count() == 1


async def test_a_repricing_in_doubt_takes_no_touch_for_activity(world: ScoringWorld) -> None:
    def has_acted(connection: Connection) -> bool:
        return ledger.acted_since(connection, [ANA.id], world.clock.now())

    await world.consume(interaction("email_delivered"))
    assert not await world.database.read(has_acted)
    await world.consume(interaction("email_reply"))
    assert await world.database.read(has_acted)


async def test_points_for_a_touch_are_told_but_it_alone_makes_nobody_a_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("mailed", 20, when={"type": "email_delivered"}), flip_number=20)
    await world.consume(interaction("email_delivered"))
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("qualified", 0)
    await world.consume(interaction("identify", traits={"title": "VP"}))
    assert await world.lead_count() == 0
    await world.consume(interaction("like"))
    (lead,) = await world.outbox_events(LeadQualified)
    assert [(reason.rule, reason.points) for reason in lead.reasons] == [("mailed", 20)]


async def test_a_deed_in_the_same_batch_as_a_touch_makes_a_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("mailed", 10, when={"type": "email_delivered"}), flip_number=20)
    await world.consume(interaction("email_delivered"), interaction())
    assert await world.lead_count() == 1


async def test_who_waits_for_data_gets_it_also_from_a_touch(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10, requires=["company"])
    await world.consume(interaction(known_as={"email": "ana@gmail.com"}))
    assert await world.lead_count() == 0
    called = interaction("call", known_as={"email": "ana@gmail.com"}, traits={"company": "Acme"})
    await world.consume(called)
    assert await world.lead_count() == 1


async def test_a_rule_for_anything_reads_what_people_do_and_one_that_names_a_touch_reads_it(
    world: ScoringWorld,
) -> None:
    spring: dict[str, Any] = {"where": {"about": "spring"}}
    not_visits = {"all": [{"not": {"type": "visit"}}, spring]}
    bounced = {"any": [{"type": "email_bounce"}, {"where": {"about": "summer"}}]}
    await world.activate(
        rule("anything", 1, when=spring), rule("others", 10, when=not_visits), rule("gone", -5, when=bounced)
    )
    for touch in ALL_TOUCHES:
        await world.consume(interaction(touch, about="spring"))
    assert await world.score(ANA) == -5
    await world.consume(interaction("like", about="spring"))
    assert await world.score(ANA) == 6


async def test_a_touch_is_kept_and_counted_again_by_a_new_matrix(world: ScoringWorld) -> None:
    await world.consume(interaction("email_bounce"), interaction())
    bounced = rule("gone", -5, when={"type": "email_bounce"})
    await world.save_draft(VISITS, bounced)
    await activate(world.database, world.clock, "m", Activation("none"))
    assert await world.score(ANA) == 5


async def test_a_retraction_beside_a_touch_is_news_of_its_own(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("bad", -5, when={"type": "complaint"}), flip_number=10)
    await world.consume(interaction(), interaction("complaint", id="mistake"))
    await world.consume(interaction("email_sent"), retraction("mistake"))
    assert await world.lead_count() == 1
