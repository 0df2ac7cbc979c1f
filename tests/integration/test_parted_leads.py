"""Leads of people who were taken for one person and parted: each has the cycles that are its own."""

import pytest

from services.scoring.corrections import Corrections, Note
from services.scoring.tables import flipped
from shared.database.engine import Database
from shared.events import Interaction, LeadQualified
from shared.identity import Identity
from shared.ids import new_id
from tests.builders import identities, interaction, rule
from tests.integration.scoring import World

ANA = identities(email="ana@example.com")[0]
# Of a shared device, whose id is less than Ana's: so it names the profile of both.
DEVICE = next(
    one for number in range(100) for one in identities(anonymous_id=f"device-{number}") if one.id < ANA.id
)
NOBODY = identities(anonymous_id="nobody")[0]
VISITS = rule("visits", 10)


def visits(number: int, *by: Identity, day: int = 0) -> list[Interaction]:
    return [interaction(day=day, known_as={one.kind: one.value for one in by}) for _ in range(number)]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def leads(world: World) -> list[tuple[str, int]]:
    told = await world.said(LeadQualified)
    assert len({one.lead_id for one in told}) == len(told)
    return [(one.profile_id, one.cycle) for one in told]


async def parted(world: World) -> None:
    async with world.database.unit() as connection:
        await Corrections(world.scorer, world.clock, new_id).unmerge(
            connection, DEVICE.id, [DEVICE], Note("a shared device", "Olga")
        )


async def test_who_earned_a_lead_has_it_and_who_did_not_can_still_become_one(world: World) -> None:
    await world.activated(VISITS, flip_number=30)
    await world.happened(*visits(3, ANA, DEVICE))
    await parted(world)
    await world.happened(*visits(1, ANA))
    assert await leads(world) == [(DEVICE.id, 1)]
    world.clock.advance(days=1)
    await world.happened(*visits(3, DEVICE, day=1))
    assert await leads(world) == [(DEVICE.id, 1), (DEVICE.id, 2)]
    await world.happened(*visits(1, DEVICE, day=1), *visits(1, ANA, day=1))
    assert len(await leads(world)) == 2


async def test_where_neither_earned_it_alone_each_may_become_a_lead(world: World) -> None:
    await world.activated(VISITS, flip_number=30)
    await world.happened(*visits(2, ANA), *visits(2, DEVICE), interaction("identify", known_as={
        ANA.kind: ANA.value, DEVICE.kind: DEVICE.value,
    }))  # fmt: skip
    assert await leads(world) == [(DEVICE.id, 1)]
    await parted(world)
    world.clock.advance(days=1)
    await world.happened(*visits(1, ANA, day=1), *visits(1, DEVICE, day=1))
    assert sorted(await leads(world)) == sorted([(DEVICE.id, 1), (ANA.id, 2), (DEVICE.id, 2)])


async def test_who_qualifies_again_after_a_while_goes_on_from_the_lead_that_is_theirs(world: World) -> None:
    await world.activated(VISITS, flip_number=30, requalify_after="90d")
    await world.happened(*visits(3, ANA, DEVICE))
    await parted(world)
    world.clock.advance(days=89)
    await world.happened(*visits(1, ANA, day=89))
    assert await leads(world) == [(DEVICE.id, 1)]
    world.clock.advance(days=1)
    await world.happened(*visits(1, ANA, day=90))
    assert await leads(world) == [(DEVICE.id, 1), (ANA.id, 2)]


async def test_who_comes_to_be_one_person_later_has_the_leads_of_both(world: World) -> None:
    await world.activated(VISITS, flip_number=30)
    await world.happened(*visits(3, ANA), *visits(3, NOBODY))
    assert len(await leads(world)) == 2
    await world.happened(*visits(1, ANA, NOBODY))
    assert len(await leads(world)) == 2
    assert {row[0] for row in await world.rows(flipped)} == {ANA.id, NOBODY.id}


async def test_who_was_kept_back_as_one_is_kept_back_when_parted_and_handed_over_once(world: World) -> None:
    await world.activated(VISITS, flip_number=1000)
    await world.happened(*visits(3, ANA, DEVICE))
    await world.activated(VISITS, flip_number=30, handoff="none")
    await parted(world)
    world.clock.advance(days=1)
    await world.happened(*visits(1, ANA, day=1))
    assert await leads(world) == []
    await world.activated(VISITS, flip_number=20, handoff="all")
    assert await leads(world) == [(ANA.id, 1)]
    assert (await world.activated(VISITS, flip_number=25, handoff="all")).handed_over_now == 0
