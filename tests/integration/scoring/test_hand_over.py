"""Which profiles become leads, when, and how often: what keeps a profile from sales, and what ends that."""

from typing import Any

import pytest

from services.scoring.change.activation import Activation, activate
from shared.events import LeadQualified, Separation
from tests.cast import ADJUSTED, ANA, BOTH, COOKIE, VISITS, by_cookie, retraction
from tests.support.builders import NOON, identities, interaction, rule
from tests.worlds.scoring import ScoringWorld


async def test_a_profile_waiting_for_data_is_handed_over_once_when_the_data_arrives(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=10, requires=["last_name", "email"])
    await world.consume(by_cookie())
    assert (await world.score_row(COOKIE)).state == "waiting_for_data"
    await world.consume(by_cookie("identify", traits={"last_name": "Diaz"}))
    await world.consume(by_cookie())
    assert ((await world.score_row(COOKIE)).state, await world.lead_count()) == ("waiting_for_data", 0)
    await world.consume(interaction("identify", known_as=BOTH))
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.traits["last_name"], len(lead.identities), lead.cycle) == ("Diaz", 2, 1)
    await world.consume(interaction("identify", traits={"last_name": "Ruiz"}), interaction())
    await world.consume(interaction("identify", traits={"last_name": None}))
    await world.consume(interaction("identify", day=1, traits={"last_name": "Ruiz"}))
    await world.let_time_pass(days=1)
    assert await world.lead_count() == 1


async def test_a_required_trait_from_an_earlier_interaction_counts(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10, requires=["last_name"])
    await world.consume(interaction("identify", day=-9, traits={"last_name": "Diaz"}))
    await world.consume(interaction())
    assert await world.lead_count() == 1


@pytest.mark.parametrize(
    ("excludes", "until"),
    [
        ({"lifecycle": {"eq": "customer"}}, {"lifecycle": "former"}),
        ({"email_domain": {"in": ["rival.example"]}}, {"email_domain": "example.com"}),
    ],
)
async def test_an_excluded_profile_becomes_a_lead_when_the_exclusion_ends(
    world: ScoringWorld, excludes: dict[str, Any], until: dict[str, str]
) -> None:
    who = {"email": "ana@rival.example"}
    await world.activate(VISITS, flip_number=10, excludes=[excludes])
    await world.consume(interaction("identify", known_as=who, traits={"lifecycle": "customer"}))
    await world.consume(interaction(known_as=who))
    assert (await world.score_row(identities(**who)[0])).state == "excluded"
    await world.consume(interaction(known_as=who))
    assert await world.lead_count() == 0
    await world.consume(interaction("identify", known_as=who, day=1, traits=until))
    assert await world.lead_count() == 0
    await world.let_time_pass(days=1)
    assert await world.lead_count() == 1


async def test_a_second_cycle_needs_both_the_requalify_period_and_a_human_interaction(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=10, requalify_after="90d")
    await world.consume(interaction())
    await world.let_time_pass(days=89)
    await world.consume(interaction(day=89))
    assert await world.lead_count() == 1
    await world.let_time_pass(days=1)
    await world.consume(interaction("identify", day=90, traits={"title": "VP"}))
    await world.consume(interaction(day=90, machine="crawler"))
    assert await world.lead_count() == 1
    await world.consume(interaction(day=90))
    await world.consume(interaction(day=90))
    first, second = await world.outbox_events(LeadQualified)
    assert (first.cycle, second.cycle, second.score) == (1, 2, 30)
    assert first.lead_id != second.lead_id


async def test_without_requalify_after_a_profile_becomes_a_lead_only_once(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.consume(interaction())
    await world.let_time_pass(days=1000)
    await world.consume(interaction(day=1000))
    assert await world.lead_count() == 1


async def test_a_lead_has_the_audience_of_its_model(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.activate(VISITS, flip_number=10, model="gifts", audience="offer")
    await world.consume(interaction())
    assert {one.model: one.audience for one in await world.outbox_events(LeadQualified)} == {
        "m": "sales",
        "gifts": "offer",
    }


async def test_each_model_makes_leads_independently(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=20)
    await world.activate(rule("likes", 5, when={"type": "like"}), flip_number=10, model="fans")
    await world.consume(interaction("like"), interaction("like"), interaction())
    assert [one.model for one in await world.outbox_events(LeadQualified)] == ["fans"]
    await world.consume(interaction())
    await world.activate(VISITS, flip_number=20, model="third", handoff="all")
    told = await world.outbox_events(LeadQualified)
    assert [one.model for one in told] == ["fans", "m", "third"]
    assert len({one.lead_id for one in told}) == 3


async def test_an_adjustment_can_make_a_profile_flip(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=15)
    await world.consume(interaction())
    await world.consume(interaction("adjustment", **ADJUSTED))
    (lead,) = await world.outbox_events(LeadQualified)
    assert [(one.rule, one.label, one.points) for one in lead.reasons][1] == ("adjustment", "met", 5)


async def test_points_lost_and_regained_make_no_second_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=20)
    await world.consume(interaction(id="one"), interaction(id="two"))
    await world.consume(retraction("one"))
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("below", 1)
    await world.consume(interaction())
    assert ((await world.score_row(ANA)).state, await world.lead_count()) == ("qualified", 1)


async def test_an_unmerge_of_a_lead_makes_no_second_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=20)
    await world.consume(by_cookie(), interaction(known_as=BOTH))
    assert await world.lead_count() == 1
    await world.consume(
        Separation(
            id="parts", identities=(ANA,), others=(COOKIE,), reason="two", author="O", separated_at=NOON
        )
    )
    assert ((await world.score_row(ANA)).state, (await world.score_row(COOKIE)).state) == ("below", "below")
    await world.let_time_pass(days=1)
    assert await world.lead_count() == 1


async def test_a_rollback_hands_no_profile_over_again(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.consume(interaction())
    await world.activate(VISITS, flip_number=100)
    assert (await world.score_row(ANA)).state == "below"
    _, diff = await activate(world.database, world.clock, "m", Activation("all", version=1))
    assert (diff.newly_flipped, diff.already_handed_over, await world.lead_count()) == (0, 1, 1)
