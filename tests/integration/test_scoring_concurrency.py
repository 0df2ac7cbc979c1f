"""Scoring when several do it at once, or somebody changes the matrix meanwhile."""

import asyncio

import pytest
import sqlalchemy as sa

from services.scoring.store import counts as kept
from services.scoring.tables import counts
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import LeadQualified
from tests.builders import identities, interaction, on_the_log, rule
from tests.integration.scoring import World

ANA = identities(email="ana@example.com")[0]
VISITS = rule("visits", 10)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def test_an_activation_waits_for_the_batch_under_way_and_counts_it(world: World) -> None:
    """Also the first activation of a model, whose row did not exist when the batch began."""
    async with world.database.unit() as connection:
        await world.scorer.apply(connection, on_the_log(interaction()))
        activation = asyncio.create_task(world.activated(VISITS, flip_number=10, handoff="all"))
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert not activation.done()
    diff = await activation
    assert (diff.newly_flipped, await world.score(ANA)) == (1, 10)


async def test_workers_that_meet_on_a_person_lose_no_count(world: World) -> None:
    """Five workers at once, each on batches of its own, about the same people and about new ones."""
    await world.activated(VISITS, flip_number=50)

    async def worker(number: int) -> None:
        for round_ in range(6):
            batch = on_the_log(
                interaction(known_as={"email": "ana@example.com"}),
                interaction(known_as={"anonymous_id": f"c{round_}", "user_id": f"u{round_}"}),
                interaction("identify", known_as={"email": "ana@example.com", "anonymous_id": f"w{number}"}),
            )
            while True:
                try:
                    async with world.database.unit() as connection:
                        await world.scorer.apply(connection, batch)
                    break
                except Unavailable:
                    await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await asyncio.gather(*(worker(n) for n in range(5)))
    assert await world.score(ANA) == 300
    for round_ in range(6):
        assert await world.score(identities(user_id=f"u{round_}")[0]) == 50
    leads = await world.said(LeadQualified)
    assert len(leads) == len({lead.profile_id for lead in leads}) == 7


async def test_counts_that_somebody_changed_meanwhile_are_not_overwritten(world: World) -> None:
    await world.activated(VISITS)
    await world.happened(interaction())
    async with world.database.reading() as connection:
        stale = await kept.read(connection, [ANA.id])
    await world.happened(interaction())
    with pytest.raises(Unavailable, match="changed the same counts"):
        async with world.database.unit() as connection:
            await kept.write(connection, stale)
    async with world.database.reading() as connection:
        assert (await connection.execute(sa.select(counts.c.revision))).scalars().all() == [2]
