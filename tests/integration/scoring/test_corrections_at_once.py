"""Corrections beside live batches about the same people, on PostgreSQL, where both run at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

import pytest
import sqlalchemy as sa

from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.live import timer
from services.scoring.live.corrections import Corrections, Note
from services.scoring.store.models import lock_active_versions
from services.scoring.store.profiles import find_one
from services.scoring.store.selection import Selection
from services.scoring.store.tables import cycles
from services.scoring.store.tables import identities as known_identities
from shared.database.engine import Database
from shared.errors import Refused
from shared.events import Event, Interaction, LeadQualified, Retraction, Separation
from shared.ids import new_id
from tests.cast import ANA, BOTH, COOKIE
from tests.integration.scoring.many_profiles import (
    LIMITS,
    MATRIX,
    MODEL,
    activate_matrix,
    assert_as_defined,
    batches,
    by_share,
    columns,
)
from tests.support.builders import interaction, rule
from tests.support.meanwhile import waiting_just_before
from tests.support.patience import a_moment, patience, persist
from tests.worlds.scoring import ScoringWorld

NOTE = Note("a library", "Olga")
pytestmark = pytest.mark.postgres


@pytest.fixture
async def busy(postgres_url: str) -> AsyncIterator[ScoringWorld]:
    database = Database(postgres_url)
    yield ScoringWorld(database, LIMITS)
    await database.close()


def corrections(world: ScoringWorld) -> Corrections:
    return Corrections(world.scorer, world.clock, new_id)


async def test_an_unmerge_and_a_batch_about_the_same_profile_do_not_deadlock(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch begins when the unmerge has locked the person and is not done."""
    await busy.activate(rule("visits", 10), flip_number=1000)
    await busy.consume(interaction(known_as=BOTH))
    begun = waiting_just_before(
        monkeypatch, busy.scorer, "take_in", busy.database,
        lambda: busy.consume(interaction(known_as={"email": "ana@example.com"})),
    )  # fmt: skip
    await busy.database.unit(lambda its: corrections(busy).unmerge(its, COOKIE.id, [COOKIE], NOTE))
    await asyncio.gather(*begun)
    assert not await busy.are_one(ANA, COOKIE)
    assert [await busy.score(one) for one in (ANA, COOKIE)] == [20, 0]


async def test_an_unmerge_that_returns_from_the_log_does_not_wait_for_the_models_lock(
    busy: ScoringWorld,
) -> None:
    await busy.activate(rule("visits", 10), flip_number=1000)
    await busy.consume(interaction(known_as=BOTH))
    await busy.database.unit(lambda its: corrections(busy).unmerge(its, COOKIE.id, [COOKIE], NOTE))
    (echo,) = await busy.outbox_events(Separation)
    async with busy.database.open_unit() as connection, patience():
        await connection.run(lock_active_versions)
        await busy.consume(echo, interaction(known_as={"email": "ben@example.com"}))


async def corrected_somehow(world: ScoringWorld, chance: random.Random) -> None:
    """Make a random correction of a random person, if there is anything to correct."""
    correct = corrections(world)

    def corrected(connection: sa.Connection) -> None:
        ids = connection.execute(sa.select(known_identities.c.id)).scalars().all()
        if not ids:
            return
        profile_id, what = chance.choice(sorted(ids)), chance.random()
        if what < 0.3:
            names = sorted(find_one(connection, profile_id).identities.values())
            correct.unmerge(connection, profile_id, names[: max(1, len(names) // 2)], NOTE)
        elif what < 0.6:
            correct.retract(connection, profile_id, Selection(type="visit"), NOTE)
        else:
            given = Adjustment(MODEL, chance.choice((-3.0, 2.5)), "met", "Olga")
            correct.adjust(connection, profile_id, given, None)

    await world.database.unit(corrected)


async def test_concurrent_workers_timer_and_corrections_give_the_defined_result(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers with a share each, and two people of ops; their corrections come back from the log too."""
    monkeypatch.setattr(timer, "PAGE", 15)
    await activate_matrix(busy, MATRIX)
    events = columns(7, people=8, deeds=160)
    shares = by_share(events, 2)
    at_work = len(shares)
    by_hand = (Interaction, Retraction, Separation)

    async def told_by_hand() -> list[Event]:
        return [one for kind in by_hand for one in await busy.outbox_events(kind)]

    async def worker(share: list[Event]) -> None:
        nonlocal at_work
        for batch in batches(share, 12):
            await persist(partial(busy.consume, *batch, *(await told_by_hand())[-3:]))
        at_work -= 1

    async def ops(seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same on every run is what is wanted
        while at_work:
            # Refused if nothing is left to retract, or no identity to unmerge.
            with suppress(Refused):
                await persist(partial(corrected_somehow, busy, chance))
            await a_moment()

    async def clockwork() -> None:
        while at_work:
            await persist(busy.rescore_due)
            await a_moment()

    await asyncio.gather(*map(worker, shares), ops(1), ops(2), clockwork())
    await busy.let_time_pass(days=1)
    by_ops = await told_by_hand()
    assert {type(one) for one in by_ops} == set(by_hand)
    await assert_as_defined(busy, [*events, *by_ops])
    begun = {(row[0], row[2]): row[3] for row in await busy.table_rows(cycles)}
    assert {one.lead_id for one in await busy.outbox_events(LeadQualified)} == set(begun.values())
