"""Profiles that an activation keeps from sales, until they do something or another hands over all."""

from datetime import timedelta

import pytest

from services.scoring.store.tables import cycles
from shared.events import Interaction, LeadQualified
from tests.cast import ADJUSTED, BOTH, COOKIE, VISITS, by_cookie, retraction
from tests.support.builders import NOON, identities, interaction
from tests.worlds.scoring import ScoringWorld


async def keep_back(world: ScoringWorld) -> None:
    """Have an activation keep the cookie from sales."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(by_cookie(id="visit"))
    await world.activate(VISITS, flip_number=10, handoff="new_activity_only")
    assert (await world.score_row(COOKIE)).state == "qualified"


async def test_a_waiting_profile_becomes_a_lead_by_a_new_human_interaction(
    world: ScoringWorld,
) -> None:
    await keep_back(world)
    await world.let_time_pass(days=5)
    assert await world.lead_count() == 0
    await world.consume(by_cookie("like", day=5))
    assert await world.lead_count() == 1


async def test_an_interaction_from_before_the_activation_does_not_release_a_waiting_profile(
    world: ScoringWorld,
) -> None:
    """As in an import of the past: sales is not flooded with people that the activation kept back."""
    await keep_back(world)
    await world.consume(*(by_cookie("like", day=-day) for day in (1, 30)))
    assert await world.lead_count() == 0
    newcomer = {"email": "newcomer@example.com"}
    await world.consume(*(interaction(day=-day, known_as=newcomer) for day in (1, 2)))
    assert await world.lead_count() == 1
    await world.let_time_pass(days=1)
    await world.consume(by_cookie("like", day=1))
    assert await world.lead_count() == 2


# The hashes decide which of two profile ids is left, so both cases are tried.
BY_HASH = sorted((identities(email=f"ana{n}@example.com")[0] for n in range(9)), key=lambda i: i.id)


@pytest.mark.parametrize("email", [BY_HASH[0].value, BY_HASH[-1].value])
@pytest.mark.parametrize("known_before", [False, True])
async def test_an_identify_does_not_release_a_waiting_profile(
    world: ScoringWorld, email: str, *, known_before: bool
) -> None:
    assert BY_HASH[0].id < COOKIE.id < BY_HASH[-1].id
    await keep_back(world)
    if known_before:
        await world.consume(interaction("identify", known_as={"email": email}))
    await world.consume(interaction("identify", known_as={"email": email, "anonymous_id": "cookie"}))
    assert (await world.score_row(COOKIE)).state == "qualified"
    assert await world.lead_count() == 0
    await world.consume(interaction(known_as={"email": email}))
    assert await world.lead_count() == 1


async def test_an_adjustment_does_not_release_a_waiting_profile(world: ScoringWorld) -> None:
    await keep_back(world)
    await world.consume(by_cookie("adjustment", **ADJUSTED))
    assert await world.lead_count() == 0


async def test_an_interaction_retracted_before_it_arrives_does_not_release_a_waiting_profile(
    world: ScoringWorld,
) -> None:
    await keep_back(world)
    await world.consume(retraction("later", identity=COOKIE))
    await world.consume(by_cookie(id="later"))
    assert await world.lead_count() == 0


async def kept_back(world: ScoringWorld, *others: Interaction) -> None:
    """Have an activation keep Ana from sales, and the people of the other interactions."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction(), *others)
    diff = await world.activate(VISITS, flip_number=10, handoff="none")
    assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over) == (1 + len(others), 0, 0)


async def test_neither_interactions_nor_activations_without_all_hand_over_a_kept_back_profile(
    world: ScoringWorld,
) -> None:
    await kept_back(world)
    await world.consume(interaction())
    for handoff in ("none", "new_activity_only"):
        diff = await world.activate(VISITS, flip_number=5, handoff=handoff)
        assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over) == (0, 1, 0)
        await world.consume(interaction(), interaction("identify", known_as=BOTH))
    assert await world.lead_count() == 0
    assert [row[3] for row in await world.table_rows(cycles)] == [None]


async def test_an_activation_for_all_hands_over_a_kept_back_profile_once(
    world: ScoringWorld,
) -> None:
    await kept_back(world)
    (kept_back_row,) = await world.table_rows(cycles)
    world.clock.advance(days=1)
    for handed_over_now in (1, 0):
        diff = await world.activate(VISITS, flip_number=5, handoff="all")
        assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over, diff.handed_over_now) == (
            0, handed_over_now, 1 - handed_over_now, handed_over_now,
        )  # fmt: skip
        await world.consume(interaction(), interaction("identify", known_as=BOTH))
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.cycle, lead.version, lead.qualified_at) == (1, 3, NOON + timedelta(days=1))
    assert await world.table_rows(cycles) == [
        (*kept_back_row[:3], lead.lead_id, lead.version, lead.qualified_at)
    ]


async def test_two_kept_back_profiles_that_merge_become_one_lead(world: ScoringWorld) -> None:
    await kept_back(world, by_cookie())
    await world.consume(interaction("identify", known_as=BOTH))
    diff = await world.activate(VISITS, flip_number=5, handoff="all")
    assert (diff.newly_flipped, diff.kept_back, diff.handed_over_now) == (0, 1, 1)
    (lead,) = await world.outbox_events(LeadQualified)
    assert lead.cycle == 1
    diff = await world.activate(VISITS, flip_number=6, handoff="all")
    assert (diff.kept_back, diff.already_handed_over, await world.lead_count()) == (0, 1, 1)


async def test_the_cycle_after_a_kept_back_cycle_is_handed_over_by_a_human_interaction(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction())
    await world.activate(VISITS, flip_number=10, handoff="none", requalify_after="90d")
    await world.let_time_pass(days=90)
    await world.consume(interaction(day=90))
    (lead,) = await world.outbox_events(LeadQualified)
    diff = await world.activate(VISITS, flip_number=5, handoff="all")
    assert (lead.cycle, diff.kept_back, diff.already_handed_over, await world.lead_count()) == (2, 0, 1, 1)
