"""Some interactions set traits at their own time, until a later writer or a retraction changes that."""

import pytest

from shared.events import Retraction
from tests.cast import ANA, BOTH, VISITS, by_cookie, retraction
from tests.support.builders import NOON, identities, interaction, rule
from tests.worlds.scoring import ScoringWorld

EXCLUDES = [{"lifecycle": "customer"}, {"consent_email": False}, {"consent_sms": False}]


async def state(world: ScoringWorld, model: str = "m") -> str:
    return (await world.score_row(ANA, model)).state


@pytest.mark.parametrize(
    ("done", "trait"),
    [
        ("email_unsubscribe", {"consent_email": False}),
        ("sms_stop", {"consent_sms": False}),
        ("purchase", {"lifecycle": "customer"}),
    ],
)
async def test_a_profile_that_unsubscribed_or_purchased_is_excluded_from_sales(
    world: ScoringWorld, done: str, trait: dict[str, object]
) -> None:
    await world.activate(VISITS, flip_number=10, excludes=EXCLUDES)
    await world.consume(interaction(done))
    await world.consume(interaction())
    assert (await state(world), await world.lead_count(), await world.traits(ANA)) == ("excluded", 0, trait)


async def test_a_model_without_the_exclusion_still_makes_leads(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10, excludes=EXCLUDES)
    await world.activate(VISITS, flip_number=10, model="upsell")
    await world.consume(interaction("email_unsubscribe"), interaction("purchase"), interaction())
    assert (await state(world), await state(world, "upsell"), await world.lead_count()) == (
        "excluded", "qualified", 1,
    )  # fmt: skip


async def test_an_effect_has_the_time_of_its_interaction(world: ScoringWorld) -> None:
    """The trait is reported before and after it: the latest writer is right, in any order of events."""
    await world.consume(interaction("identify", day=2, traits={"lifecycle": "former"}))
    await world.consume(interaction("purchase", day=1))
    await world.consume(interaction("identify", traits={"lifecycle": "lead"}))
    seen: list[object] = []
    for _ in range(3):
        seen.append((await world.traits(ANA))["lifecycle"])
        world.clock.advance(days=1)
    assert seen == ["lead", "customer", "former"]


async def test_traits_sent_with_an_interaction_do_not_override_its_effect(world: ScoringWorld) -> None:
    """Trackers send their stored traits of a person with every event."""
    stale = {"consent_email": True, "lifecycle": "lead"}
    await world.consume(interaction("email_unsubscribe", traits=stale))
    assert await world.traits(ANA) == {"consent_email": False, "lifecycle": "lead"}
    await world.consume(interaction("identify", day=1, traits=stale))
    world.clock.advance(days=1)
    assert await world.traits(ANA) == stale


async def test_interactions_of_machines_have_no_effect(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10, excludes=EXCLUDES)
    await world.consume(interaction("email_unsubscribe", machine="link_scanner"))
    await world.consume(interaction("purchase", machine="crawler"), interaction())
    assert (await state(world), await world.lead_count(), await world.traits(ANA)) == ("qualified", 1, {})


@pytest.mark.parametrize("together", [False, True])
async def test_a_retraction_removes_the_effect_of_the_interaction(
    world: ScoringWorld, together: bool
) -> None:
    await world.activate(VISITS, flip_number=10, excludes=EXCLUDES)
    bought = interaction("purchase", id="mistake")
    if together:
        await world.consume(bought, retraction("mistake"))
    else:
        await world.consume(bought, interaction())
        assert (await state(world), await world.lead_count()) == ("excluded", 0)
        await world.consume(retraction("mistake"))
    await world.consume(interaction())
    assert (await state(world), await world.lead_count(), await world.traits(ANA)) == ("qualified", 1, {})


async def test_an_interaction_retracted_before_it_arrives_has_no_effect(world: ScoringWorld) -> None:
    await world.consume(retraction("mistake"))
    await world.consume(interaction("purchase", id="mistake"))
    assert await world.traits(ANA) == {}


async def test_the_effect_remains_while_another_purchase_counts(world: ScoringWorld) -> None:
    earlier = [interaction("purchase", day=-1, id="day-before"), interaction("purchase", id="a")]
    await world.consume(*earlier, interaction("purchase", id="b"))
    await world.consume(interaction("purchase", id="machines", machine="crawler"))
    for gone in ("b", "a"):
        await world.consume(retraction(gone))
        assert await world.traits(ANA) == {"lifecycle": "customer"}
    await world.consume(interaction("identify", traits={"lifecycle": "lead"}))
    assert await world.traits(ANA) == {"lifecycle": "lead"}, "what is left of it was bought the day before"
    await world.consume(interaction("purchase", id="last"), retraction("day-before"))
    assert await world.traits(ANA) == {"lifecycle": "customer"}


async def test_a_retraction_of_another_purchase_changes_nothing(world: ScoringWorld) -> None:
    await world.consume(interaction("purchase", id="a"), interaction("purchase", id="b"))
    await world.consume(
        Retraction(id="r", identity=ANA, interactions=("a",), reason="test", author="Olga", retracted_at=NOON)
    )
    assert await world.traits(ANA) == {"lifecycle": "customer"}


async def test_an_effect_moves_with_its_identity_into_the_merged_profile(world: ScoringWorld) -> None:
    await world.activate(rule("visits", 10), flip_number=10, excludes=EXCLUDES)
    await world.consume(by_cookie("purchase"), interaction(day=-1))
    assert await world.lead_count() == 1, "nobody knows yet that they are one person"
    await world.consume(interaction("identify", known_as=BOTH))
    assert await state(world) == "excluded"
    assert await world.traits(identities(anonymous_id="cookie")[0]) == {"lifecycle": "customer"}
