"""Scoring by several workers at once, and during a change of the matrix."""

import asyncio
from functools import partial

import pytest
import sqlalchemy as sa

from services.scoring.live import timer
from services.scoring.store import counts as kept
from services.scoring.store.tables import counts, cycles
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import Event, LeadQualified
from shared.log.port import Message
from tests.cast import ANA, VISITS
from tests.integration.scoring.many_profiles import (
    LIMITS,
    MATRIX,
    activate_matrix,
    assert_as_defined,
    batches,
    by_share,
    columns,
)
from tests.integration.scoring.small_pages import prepare_in_pages_of
from tests.support.blocked import until_it_waits
from tests.support.builders import identities, interaction, on_the_log, rule
from tests.support.patience import a_moment, persist
from tests.support.tables import values
from tests.worlds.scoring import ScoringWorld


async def test_an_activation_waits_for_the_batch_under_way_and_counts_it(world: ScoringWorld) -> None:
    """Also the first activation of a model, whose row did not exist when the batch began."""
    async with world.database.open_unit() as connection:
        await connection.run(lambda its: world.scorer.apply(its, on_the_log(interaction())))
        activation = asyncio.create_task(world.activate(VISITS, flip_number=10, handoff="all"))
        await until_it_waits(world.database, activation)
    diff = await activation
    assert (diff.newly_flipped, await world.score(ANA)) == (1, 10)


async def test_workers_that_share_a_profile_lose_no_count(world: ScoringWorld) -> None:
    """Five workers at once, each on batches of its own, about the same people and about new ones."""
    await world.activate(VISITS, flip_number=50)

    async def worker(number: int) -> None:
        for round_ in range(6):
            batch = on_the_log(
                interaction(known_as={"email": "ana@example.com"}),
                interaction(known_as={"anonymous_id": f"c{round_}", "user_id": f"u{round_}"}),
                interaction("identify", known_as={"email": "ana@example.com", "anonymous_id": f"w{number}"}),
            )

            async def apply(batch: list[Message] = batch) -> None:
                await world.database.unit(lambda connection: world.scorer.apply(connection, batch))

            await persist(apply)

    await asyncio.gather(*(worker(n) for n in range(5)))
    assert await world.score(ANA) == 300
    for round_ in range(6):
        assert await world.score(identities(user_id=f"u{round_}")[0]) == 50
    leads = await world.outbox_events(LeadQualified)
    assert len(leads) == len({lead.profile_id for lead in leads}) == 7


async def test_counts_changed_meanwhile_are_not_overwritten(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    await world.consume(interaction())
    stale = await world.database.read(lambda connection: kept.read(connection, [ANA.id]))
    await world.consume(interaction())
    with pytest.raises(Unavailable, match="changed the same counts"):
        await world.database.unit(lambda connection: kept.write(connection, stale))
    assert await values(world.database, sa.select(counts.c.revision)) == [2]


SEEDS = (1, 2, 3)


@pytest.mark.parametrize("seed", SEEDS)
async def test_concurrent_workers_timer_and_activation_give_the_defined_result(
    database: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two to four workers with a share each, while days pass and another matrix takes over."""
    prepare_in_pages_of(20, monkeypatch)
    monkeypatch.setattr(timer, "PAGE", 15)
    world = ScoringWorld(database, LIMITS)
    await activate_matrix(world, {"flip_number": 20, "rules": [rule("visits", 4, half_life="5d")]})
    events = columns(seed, people=12, deeds=260)
    shares = by_share(events, 1 + seed)
    at_work = len(shares)

    async def worker(share: list[Event]) -> None:
        nonlocal at_work
        for batch in batches(share, 12):
            await persist(partial(world.consume, *batch))
            world.clock.advance(hours=12)
        at_work -= 1

    async def clockwork() -> None:
        while at_work:
            await persist(world.rescore_due)
            await a_moment()

    await asyncio.gather(*map(worker, shares), clockwork(), persist(partial(activate_matrix, world, MATRIX)))
    await world.let_time_pass(days=1)
    await assert_as_defined(world, events)
    leads = await world.outbox_events(LeadQualified)
    begun = {(row[0], row[2]): row[3] for row in await world.table_rows(cycles)}
    assert {(one.profile_id, one.cycle): one.lead_id for one in leads} == begun
    assert len(leads) == len(begun) > 0
