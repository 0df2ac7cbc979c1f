"""Who becomes a lead, when, and how often: what keeps people from sales and what ends it."""

from datetime import timedelta
from typing import Any

import pytest

from services.scoring.change.activation import Order, activate
from services.scoring.tables import standings
from shared.database.engine import Database
from shared.events import Interaction, LeadQualified, Retraction, Separation
from shared.identity import Identity
from tests.builders import NOON, identities, interaction, rule
from tests.integration.scoring import World

ANA = identities(email="ana@example.com")[0]
COOKIE = identities(anonymous_id="cookie")[0]
BOTH = {"email": "ana@example.com", "anonymous_id": "cookie"}
VISITS = rule("visits", 10)
ADJUSTED = {"model": "m", "points": 5, "reason": "met", "author": "Olga"}


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def by_cookie(type: str = "visit", **more: Any) -> Interaction:
    return interaction(type, known_as={"anonymous_id": "cookie"}, **more)


def retraction(*ids: str, identity: Identity = ANA) -> Retraction:
    return Retraction(
        id=f"retracts-{ids[0]}",
        identity=identity,
        interactions=ids,
        reason="a test",
        author="Olga",
        retracted_at=NOON,
    )


async def leads(world: World) -> int:
    return len(await world.said(LeadQualified))


async def test_who_waits_for_data_is_handed_over_once_when_it_comes(world: World) -> None:
    await world.activated(VISITS, flip_number=10, requires=["last_name", "email"])
    await world.happened(by_cookie())
    assert (await world.kept(COOKIE)).state == "waiting_for_data"
    await world.happened(by_cookie("identify", traits={"last_name": "Diaz"}))
    await world.happened(by_cookie())
    assert ((await world.kept(COOKIE)).state, await leads(world)) == ("waiting_for_data", 0)
    await world.happened(interaction("identify", known_as=BOTH))
    (lead,) = await world.said(LeadQualified)
    assert (lead.traits["last_name"], len(lead.identities), lead.cycle) == ("Diaz", 2, 1)
    await world.happened(interaction("identify", traits={"last_name": "Ruiz"}), interaction())
    await world.happened(interaction("identify", traits={"last_name": None}))
    await world.happened(interaction("identify", day=1, traits={"last_name": "Ruiz"}))
    await world.passed(days=1)
    assert await leads(world) == 1


async def test_a_required_trait_that_was_told_in_the_past_counts_too(world: World) -> None:
    await world.activated(VISITS, flip_number=10, requires=["last_name"])
    await world.happened(interaction("identify", day=-9, traits={"last_name": "Diaz"}))
    await world.happened(interaction())
    assert await leads(world) == 1


@pytest.mark.parametrize(
    ("excludes", "until"),
    [
        ({"lifecycle": {"eq": "customer"}}, {"lifecycle": "former"}),
        ({"email_domain": {"in": ["rival.example"]}}, {"email_domain": "example.com"}),
    ],
)
async def test_who_is_excluded_flips_when_the_exclusion_ends(
    world: World, excludes: dict[str, Any], until: dict[str, str]
) -> None:
    who = {"email": "ana@rival.example"}
    await world.activated(VISITS, flip_number=10, excludes=[excludes])
    await world.happened(interaction("identify", known_as=who, traits={"lifecycle": "customer"}))
    await world.happened(interaction(known_as=who))
    assert (await world.kept(identities(**who)[0])).state == "excluded"
    await world.happened(interaction(known_as=who))
    assert await leads(world) == 0
    await world.happened(interaction("identify", known_as=who, day=1, traits=until))
    assert await leads(world) == 0
    await world.passed(days=1)
    assert await leads(world) == 1


async def test_a_second_cycle_begins_after_so_many_days_and_by_new_activity(world: World) -> None:
    await world.activated(VISITS, flip_number=10, requalify_after="90d")
    await world.happened(interaction())
    await world.passed(days=89)
    await world.happened(interaction(day=89))
    assert await leads(world) == 1
    await world.passed(days=1)
    await world.happened(interaction("identify", day=90, traits={"title": "VP"}))
    await world.happened(interaction(day=90, machine="crawler"))
    assert await leads(world) == 1
    await world.happened(interaction(day=90))
    await world.happened(interaction(day=90))
    first, second = await world.said(LeadQualified)
    assert (first.cycle, second.cycle, second.score) == (1, 2, 30)
    assert first.lead_id != second.lead_id


async def test_without_requalification_there_is_one_cycle_for_ever(world: World) -> None:
    await world.activated(VISITS, flip_number=10)
    await world.happened(interaction())
    await world.passed(days=1000)
    await world.happened(interaction(day=1000))
    assert await leads(world) == 1


async def test_a_lead_tells_whom_it_is_for(world: World) -> None:
    await world.activated(VISITS, flip_number=10)
    await world.activated(VISITS, flip_number=10, model="gifts", audience="offer")
    await world.happened(interaction())
    assert {one.model: one.audience for one in await world.said(LeadQualified)} == {
        "m": "sales",
        "gifts": "offer",
    }


async def test_several_models_flip_each_for_itself(world: World) -> None:
    await world.activated(VISITS, flip_number=20)
    await world.activated(rule("likes", 5, when={"type": "like"}), flip_number=10, model="fans")
    await world.happened(interaction("like"), interaction("like"), interaction())
    assert [one.model for one in await world.said(LeadQualified)] == ["fans"]
    await world.happened(interaction())
    await world.activated(VISITS, flip_number=20, model="third", handoff="all")
    told = await world.said(LeadQualified)
    assert [one.model for one in told] == ["fans", "m", "third"]
    assert len({one.lead_id for one in told}) == 3


async def withheld(world: World) -> None:
    """Make the cookie one whom an activation kept from sales."""
    await world.activated(VISITS, flip_number=1000)
    await world.happened(by_cookie(id="visit"))
    await world.activated(VISITS, flip_number=10, handoff="new_activity_only")
    assert (await world.kept(COOKIE)).state == "qualified"


async def test_whom_an_activation_withheld_sales_gets_when_they_do_something(world: World) -> None:
    await withheld(world)
    await world.passed(days=5)
    assert await leads(world) == 0
    await world.happened(by_cookie("like", day=5))
    assert await leads(world) == 1


async def test_what_was_done_before_an_activation_and_comes_later_is_no_new_activity(world: World) -> None:
    """As when the past is imported: sales is not flooded with whom the activation withheld."""
    await withheld(world)
    await world.happened(*(by_cookie("like", day=-day) for day in (1, 30)))
    assert await leads(world) == 0
    newcomer = {"email": "newcomer@example.com"}
    await world.happened(*(interaction(day=-day, known_as=newcomer) for day in (1, 2)))
    assert await leads(world) == 1
    await world.passed(days=1)
    await world.happened(by_cookie("like", day=1))
    assert await leads(world) == 2


# Which of two profile ids is left depends on their hashes, so both ways round are tried.
BY_HASH = sorted((identities(email=f"ana{n}@example.com")[0] for n in range(9)), key=lambda i: i.id)


@pytest.mark.parametrize("email", [BY_HASH[0].value, BY_HASH[-1].value])
@pytest.mark.parametrize("known_before", [False, True])
async def test_to_be_identified_is_not_to_do_something(
    world: World, email: str, *, known_before: bool
) -> None:
    assert BY_HASH[0].id < COOKIE.id < BY_HASH[-1].id
    await withheld(world)
    if known_before:
        await world.happened(interaction("identify", known_as={"email": email}))
    await world.happened(interaction("identify", known_as={"email": email, "anonymous_id": "cookie"}))
    assert (await world.kept(COOKIE)).state == "qualified"
    assert await leads(world) == 0
    await world.happened(interaction(known_as={"email": email}))
    assert await leads(world) == 1


async def test_points_given_by_hand_are_not_what_the_person_did(world: World) -> None:
    await withheld(world)
    await world.happened(by_cookie("adjustment", **ADJUSTED))
    assert await leads(world) == 0


async def test_what_was_retracted_before_it_came_is_not_done(world: World) -> None:
    await withheld(world)
    await world.happened(retraction("later", identity=COOKIE))
    await world.happened(by_cookie(id="later"))
    assert await leads(world) == 0


async def test_points_given_by_hand_can_flip(world: World) -> None:
    await world.activated(VISITS, flip_number=15)
    await world.happened(interaction())
    await world.happened(interaction("adjustment", **ADJUSTED))
    (lead,) = await world.said(LeadQualified)
    assert [(one.rule, one.label, one.points) for one in lead.reasons][1] == ("adjustment", "met", 5)


async def kept_back(world: World, *others: Interaction) -> None:
    """Have an activation keep Ana, and whoever did the others, from sales."""
    await world.activated(VISITS, flip_number=1000)
    await world.happened(interaction(), *others)
    diff = await world.activated(VISITS, flip_number=10, handoff="none")
    assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over) == (1 + len(others), 0, 0)


async def test_whom_an_activation_kept_back_no_activity_and_no_other_activation_hands_over(
    world: World,
) -> None:
    await kept_back(world)
    await world.happened(interaction())
    for handoff in ("none", "new_activity_only"):
        diff = await world.activated(VISITS, flip_number=5, handoff=handoff)
        assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over) == (0, 1, 0)
        await world.happened(interaction(), interaction("identify", known_as=BOTH))
    assert await leads(world) == 0
    assert [row[3] for row in await world.rows(standings)] == [None]


async def test_whom_an_activation_kept_back_another_that_hands_all_over_does_once(world: World) -> None:
    await kept_back(world)
    (withheld_row,) = await world.rows(standings)
    world.clock.advance(days=1)
    for handed_over_now in (1, 0):
        diff = await world.activated(VISITS, flip_number=5, handoff="all")
        assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over, diff.handed_over_now) == (
            0, handed_over_now, 1 - handed_over_now, handed_over_now,
        )  # fmt: skip
        await world.happened(interaction(), interaction("identify", known_as=BOTH))
    (lead,) = await world.said(LeadQualified)
    assert (lead.cycle, lead.version, lead.qualified_at) == (1, 3, NOON + timedelta(days=1))
    assert await world.rows(standings) == [(*withheld_row[:3], lead.lead_id, lead.version, lead.qualified_at)]


async def test_of_two_kept_back_who_turn_out_to_be_one_sales_gets_one_lead(world: World) -> None:
    await kept_back(world, by_cookie())
    await world.happened(interaction("identify", known_as=BOTH))
    diff = await world.activated(VISITS, flip_number=5, handoff="all")
    assert (diff.newly_flipped, diff.kept_back, diff.handed_over_now) == (0, 1, 1)
    (lead,) = await world.said(LeadQualified)
    assert lead.cycle == 1
    diff = await world.activated(VISITS, flip_number=6, handoff="all")
    assert (diff.kept_back, diff.already_handed_over, await leads(world)) == (0, 1, 1)


async def test_the_cycle_after_one_that_was_kept_back_is_handed_over_by_activity(world: World) -> None:
    await world.activated(VISITS, flip_number=1000)
    await world.happened(interaction())
    await world.activated(VISITS, flip_number=10, handoff="none", requalify_after="90d")
    await world.passed(days=90)
    await world.happened(interaction(day=90))
    (lead,) = await world.said(LeadQualified)
    diff = await world.activated(VISITS, flip_number=5, handoff="all")
    assert (lead.cycle, diff.kept_back, diff.already_handed_over, await leads(world)) == (2, 0, 1, 1)


async def test_points_that_go_and_come_again_are_no_second_lead(world: World) -> None:
    await world.activated(VISITS, flip_number=20)
    await world.happened(interaction(id="one"), interaction(id="two"))
    await world.happened(retraction("one"))
    assert ((await world.kept(ANA)).state, await leads(world)) == ("below", 1)
    await world.happened(interaction())
    assert ((await world.kept(ANA)).state, await leads(world)) == ("qualified", 1)


async def test_a_person_who_is_parted_and_joined_again_is_one_lead(world: World) -> None:
    await world.activated(VISITS, flip_number=20)
    await world.happened(by_cookie(), interaction(known_as=BOTH))
    assert await leads(world) == 1
    await world.happened(
        Separation(
            id="parts", identities=(ANA,), others=(COOKIE,), reason="two", author="O", separated_at=NOON
        )
    )
    assert ((await world.kept(ANA)).state, (await world.kept(COOKIE)).state) == ("below", "below")
    await world.passed(days=1)
    assert await leads(world) == 1


async def test_a_rollback_hands_nobody_over_again(world: World) -> None:
    await world.activated(VISITS, flip_number=10)
    await world.happened(interaction())
    await world.activated(VISITS, flip_number=100)
    assert (await world.kept(ANA)).state == "below"
    _, diff = await activate(world.database, world.clock, "m", Order("all", version=1))
    assert (diff.newly_flipped, diff.already_handed_over, await leads(world)) == (0, 1, 1)
