"""A touch is not a human interaction: it ends no inactivity and releases no lead."""

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
async def test_a_human_interaction_ends_inactivity_but_a_touch_does_not(
    world: ScoringWorld, touch: str
) -> None:
    downloads = rule("downloads", 20, when={"type": "download"})
    await world.activate(downloads, inactivity={"after": "30d", "points": -10, "every": "30d"})
    await world.consume(interaction("download", day=-70))
    assert await world.score(ANA) == 0
    await world.consume(interaction(touch))
    assert await world.score(ANA) == 0
    await world.consume(interaction("sms_reply"))
    assert await world.score(ANA) == 20


@pytest.mark.parametrize("touch", ALL_TOUCHES)
async def test_a_touch_does_not_release_a_lead_that_waits_for_a_human_interaction(
    world: ScoringWorld, touch: str
) -> None:
    await world.activate(rule("visits", 10), flip_number=40)
    await world.consume(interaction(day=-3), interaction(day=-2))
    await world.activate(rule("visits", 10), flip_number=20, handoff="new_activity_only")
    world.clock.advance(minutes=5)
    await world.consume(interaction(touch, day=1))
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("qualified", 0)
    await world.consume(interaction("sms_reply", day=1))
    assert await world.lead_count() == 1


async def test_the_ledger_check_for_human_interactions_ignores_touches(world: ScoringWorld) -> None:
    def has_acted(connection: Connection) -> bool:
        return ledger.acted_since(connection, [ANA.id], world.clock.now())

    await world.consume(interaction("email_delivered"))
    assert not await world.database.read(has_acted)
    await world.consume(interaction("email_reply"))
    assert await world.database.read(has_acted)


async def test_points_of_a_touch_count_but_a_touch_alone_makes_no_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("mailed", 20, when={"type": "email_delivered"}), flip_number=20)
    await world.consume(interaction("email_delivered"))
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("qualified", 0)
    await world.consume(interaction("identify", traits={"title": "VP"}))
    assert await world.lead_count() == 0
    await world.consume(interaction("like"))
    (lead,) = await world.outbox_events(LeadQualified)
    assert [(reason.rule, reason.points) for reason in lead.reasons] == [("mailed", 20)]


async def test_a_human_interaction_in_the_same_batch_as_a_touch_makes_a_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("mailed", 10, when={"type": "email_delivered"}), flip_number=20)
    await world.consume(interaction("email_delivered"), interaction())
    assert await world.lead_count() == 1


async def test_required_data_from_a_touch_makes_a_waiting_profile_a_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10, requires=["company"])
    await world.consume(interaction(known_as={"email": "ana@gmail.com"}))
    assert await world.lead_count() == 0
    called = interaction("call", known_as={"email": "ana@gmail.com"}, traits={"company": "Acme"})
    await world.consume(called)
    assert await world.lead_count() == 1


async def test_only_rules_that_name_a_touch_type_match_touches(
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


async def test_a_touch_is_stored_and_counted_by_a_new_matrix(world: ScoringWorld) -> None:
    await world.consume(interaction("email_bounce"), interaction())
    bounced = rule("gone", -5, when={"type": "email_bounce"})
    await world.save_draft(VISITS, bounced)
    await activate(world.database, world.clock, "m", Activation("none"))
    assert await world.score(ANA) == 5


async def test_a_retraction_in_the_same_batch_as_a_touch_can_make_a_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, rule("bad", -5, when={"type": "complaint"}), flip_number=10)
    await world.consume(interaction(), interaction("complaint", id="mistake"))
    await world.consume(interaction("email_sent"), retraction("mistake"))
    assert await world.lead_count() == 1
