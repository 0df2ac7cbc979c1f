"""Hand-over and retirement beside other work on the same profiles: no lead comes twice or is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.scoring.change import handing_over, pages
from services.scoring.change.activation import Activation, activate
from services.scoring.change.retirement import end
from services.scoring.live import rescoring
from services.scoring.store import cycles
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import LeadQualified
from shared.model_events import LeadsHandedOver
from tests.cast import ANA, BOTH, VISITS
from tests.integration.scoring.handed_over import OLGA, crowd_kept_back, order, retired, statuses, told
from tests.support.blocked import until_it_waits
from tests.support.builders import interaction
from tests.support.meanwhile import for_works, waiting_just_before
from tests.support.patience import persist
from tests.worlds.scoring import ScoringWorld

EMAIL = {"email": "ana@example.com"}


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(pages, "RETRY_SECONDS", 0.005)


@pytest.fixture
async def on_postgres(postgres_url: str) -> AsyncIterator[ScoringWorld]:
    database = Database(postgres_url)
    yield ScoringWorld(database)
    await database.close()


async def ana_may_qualify_again(world: ScoringWorld, known_as: dict[str, str]) -> None:
    """Have Ana kept back in a cycle, so that her next visit begins another cycle."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction(known_as=known_as))
    await world.activate(VISITS, flip_number=10, handoff="none", requalify_after="90d")
    await world.let_time_pass(days=90)


async def test_concurrent_handoffs_hand_each_profile_over_once(world: ScoringWorld) -> None:
    everyone = await crowd_kept_back(world, 12)
    answers = await asyncio.gather(
        statuses(world, *everyone),
        statuses(world, *reversed(everyone)),
        order(world).all_qualified(2),
        statuses(world, *everyone[:6]),
        order(world).all_qualified(2),
    )
    assert await told(world) == everyone
    by_hand = sum(one.count("handed_over") for one in answers if isinstance(one, list))
    by_all = sum(one.handed_over_now for one in answers if not isinstance(one, list))
    assert by_hand + by_all == 12
    assert sum(len(one.leads) for one in await world.outbox_events(LeadsHandedOver)) == 12


async def test_a_handoff_waits_for_another_handoff_of_the_same_profile(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ana_may_qualify_again(world, BOTH)
    late = waiting_just_before(
        monkeypatch, cycles, "hand_over", world.database, lambda: statuses(world, ANA.id)
    )
    assert await statuses(world, ANA.id) == ["handed_over"]
    assert await late[0] == ["already_handed_over"]
    assert len(await told(world)) == 1


@pytest.mark.postgres
async def test_a_batch_that_flips_a_profile_during_a_handoff_makes_the_only_lead(
    on_postgres: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person of one identity is locked by no batch."""
    await ana_may_qualify_again(on_postgres, EMAIL)
    read = cycles.read
    happened = for_works(on_postgres.consume)

    def then_comes_a_visit(*arguments: Any) -> Any:
        found = read(*arguments)
        monkeypatch.setattr(cycles, "read", read)
        happened(interaction(day=90))
        return found

    monkeypatch.setattr(cycles, "read", then_comes_a_visit)
    assert await statuses(on_postgres, ANA.id) == ["already_handed_over"]
    (lead,) = await on_postgres.outbox_events(LeadQualified)
    assert lead.cycle == 2


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("known_as", "visits_as"), [(EMAIL, EMAIL), (BOTH, EMAIL), (BOTH, {"anonymous_id": "cookie"})]
)
async def test_a_handoff_waits_for_a_batch_that_flips_the_profile(
    on_postgres: ScoringWorld,
    monkeypatch: pytest.MonkeyPatch,
    known_as: dict[str, str],
    visits_as: dict[str, str],
) -> None:
    """Whichever of the identities is counted, and whether or not the profile has its id."""
    await ana_may_qualify_again(on_postgres, known_as)
    late = waiting_just_before(
        monkeypatch, rescoring, "_flip", on_postgres.database, lambda: statuses(on_postgres, ANA.id)
    )
    await on_postgres.consume(interaction(day=90, known_as=visits_as))
    assert await late[0] == ["already_handed_over"]
    assert [one.cycle for one in await on_postgres.outbox_events(LeadQualified)] == [2]


async def test_a_batch_after_a_handoff_begins_no_second_cycle(world: ScoringWorld) -> None:
    await ana_may_qualify_again(world, BOTH)
    assert await statuses(world, ANA.id) == ["handed_over"]
    await world.consume(interaction(day=90))
    assert len(await told(world)) == 1


async def test_a_handoff_of_all_during_live_scoring_makes_each_profile_a_lead_once(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 3)
    everyone = await crowd_kept_back(world, 30)

    async def goes_on_living(share: int) -> None:
        for n in range(share, 30, 2):
            mail = {"email": f"p{n}@example.com"}
            await persist(lambda mail=mail: world.consume(interaction(known_as=mail)))

    diff, *_ = await asyncio.gather(order(world).all_qualified(2), goes_on_living(0), goes_on_living(1))
    assert (diff.kept_back, diff.handed_over_now) == (30, 30)
    assert await told(world) == everyone


async def test_a_concurrent_activation_and_handoffs_make_each_profile_a_lead_once(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 2)
    everyone = await crowd_kept_back(world, 10)
    await world.save_draft(VISITS, flip_number=5)
    activated, *orders = await asyncio.gather(
        activate(world.database, world.clock, "m", Activation("all")),
        *(order(world).all_qualified(2) for _ in range(3)),
        return_exceptions=True,
    )
    assert not isinstance(activated, BaseException), activated
    for one in orders:
        if isinstance(one, BaseException):
            assert isinstance(one, Conflict), one
            assert one.code == "version_changed"
    assert await told(world) == everyone


async def test_a_model_is_retired_after_the_batches_under_way(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.activate(VISITS, flip_number=10)
    late = waiting_just_before(monkeypatch, rescoring, "_flip", world.database, lambda: retired(world))
    await world.consume(interaction())
    await late[0]
    await world.consume(interaction(known_as={"email": "ben@example.com"}))
    assert await told(world) == [ANA.id]


async def test_a_batch_during_the_retirement_of_a_model_scores_no_profile_in_that_model(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.activate(VISITS, flip_number=10, model="other")
    async with world.database.open_unit() as connection:
        await connection.run(lambda its: end(its, "m", OLGA, world.clock.now()))
        late = asyncio.create_task(world.consume(interaction()))
        await until_it_waits(world.database, late)
    await late
    assert [one.model for one in await world.outbox_events(LeadQualified)] == ["other"]
    assert {row.model for row in await world.score_rows()} == {"other"}
