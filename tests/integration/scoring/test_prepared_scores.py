"""Scores that a preparation adds beside live batches: live scores stay, and each score has a profile."""

import asyncio
from functools import partial

import pytest
import sqlalchemy as sa

from services.scoring.change import activation, preparation
from services.scoring.change.activation import Activation, activate
from services.scoring.matrix.version import Version
from services.scoring.store import preparations
from services.scoring.store.tables import identities, scores
from shared.database.engine import Database
from tests.cast import ANA, BEN
from tests.integration.scoring.small_pages import prepare_in_pages_of
from tests.support.builders import interaction, on_the_log, rule
from tests.support.patience import eventually
from tests.support.tables import rows
from tests.worlds.scoring import ScoringWorld


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> ScoringWorld:
    """A world of two people and a draft with a preparation under way."""
    prepare_in_pages_of(1, monkeypatch)
    world = ScoringWorld(database)
    await world.activate(rule("visits", 10), flip_number=100)
    for one in (ANA, BEN):
        await world.consume(interaction(known_as={one.kind: one.value}))
    await world.save_draft(rule("visits", 7), flip_number=100)

    def started(connection: sa.Connection) -> None:
        preparation.start(
            connection,
            activation._version_to_activate(connection, "m", Activation("none")),
            world.clock.now(),
        )

    await world.database.unit(started)
    return world


async def kept(world: ScoringWorld) -> dict[str, tuple[float, int]]:
    """Return score and revision under the version that is prepared."""
    query = sa.select(scores.c.profile_id, scores.c.score, scores.c.revision).where(scores.c.version == 2)
    return {one.profile_id: (one.score, one.revision) for one in await rows(world.database, query)}


async def advance(world: ScoringWorld) -> preparation.Phase:
    return await world.database.unit(
        lambda connection: preparation.advance(connection, "m", world.clock.now(), 1)
    )


async def test_a_preparation_does_not_overwrite_a_score_of_a_live_batch(world: ScoringWorld) -> None:
    await world.consume(interaction(known_as={"email": "ana@example.com"}))

    def in_their_words(connection: sa.Connection) -> None:
        connection.execute(sa.update(scores).where(scores.c.version == 2).values(score=99, revision=5))

    await world.database.unit(in_their_words)
    while await advance(world) != preparation.READY:
        pass
    assert await kept(world) == {ANA.id: (99, 5), BEN.id: (7, 1)}


async def test_a_live_batch_prices_a_prepared_profile_again(world: ScoringWorld) -> None:
    while await advance(world) != preparation.READY:
        pass
    await world.consume(interaction(known_as={"email": "ana@example.com"}))
    assert await kept(world) == {ANA.id: (14, 2), BEN.id: (7, 1)}


# On SQLite no batch can join people while a page is priced.
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
async def test_a_prepared_score_without_a_profile_is_removed_at_the_end(world: ScoringWorld) -> None:
    """A page that was read before a live batch joined two people is written after it."""

    def stray(connection: sa.Connection) -> None:
        row = dict.fromkeys(("stage", "grade", "company", "due_on")) | {
            "profile_id": "0" * 32, "model": "m", "version": 2, "score": 7, "state": "below", "revision": 1,
        }  # fmt: skip
        connection.execute(sa.insert(scores), [row, row | {"version": 1}])

    await world.database.unit(stray)
    while await advance(world) != preparation.READY:
        pass
    assert set(await kept(world)) == {ANA.id, BEN.id}
    of_others = sa.select(scores.c.profile_id).where(scores.c.version == 1)
    assert len(await rows(world.database, of_others)) == 3


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
async def test_a_preparation_waits_for_a_batch_that_merges_two_profiles_during_pricing(
    world: ScoringWorld,
) -> None:
    """The batch finds no score to remove, because the page adds the score after the batch has looked."""
    joining = on_the_log(interaction(known_as={ANA.kind: ANA.value, "phone": "+34600111222"}), start=10)
    joining += on_the_log(interaction(known_as={BEN.kind: BEN.value, "phone": "+34600111222"}), start=11)
    await advance(world)
    async with world.database.open_unit() as batch:
        await batch.run(lambda connection: world.scorer.apply(connection, joining))
        await advance(world)
        ending = asyncio.create_task(advance_to_the_end(world))
        await eventually(partial(waits_or_is_done, world, ending), lambda reached: reached)
    await ending
    (profile,) = {row[0] for row in await rows(world.database, sa.select(identities.c.profile_id))}
    assert set(await kept(world)) == {profile}


async def advance_to_the_end(world: ScoringWorld) -> None:
    while await advance(world) != preparation.READY:
        pass


async def waits_or_is_done(world: ScoringWorld, task: asyncio.Task[None]) -> bool:
    """Return whether a transaction waits for an advisory lock, or the task has ended without one."""
    waiting = sa.text(
        "select count(*) from pg_locks join pg_database on pg_database.oid = database"
        " where datname = current_database() and locktype = 'advisory' and not granted"
    )
    return task.done() or bool((await rows(world.database, waiting))[0][0])


async def test_leftover_scores_of_a_version_are_removed_in_pages_before_a_new_preparation(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    while await advance(world) != preparation.READY:
        pass
    await world.database.unit(lambda connection: preparations.delete(connection, "m"))
    cleared: list[bool] = []
    clear = preparation.clear

    def clear_and_note(connection: sa.Connection, version: Version, size: int) -> bool:
        cleared.append(clear(connection, version, size))
        return cleared[-1]

    monkeypatch.setattr(preparation, "clear", clear_and_note)
    monkeypatch.setattr(preparation, "CLEARED_AT_ONCE", 1)
    await activate(world.database, world.clock, "m", Activation("none"))
    assert cleared == [True, True, False]
    assert await kept(world) == {ANA.id: (7, 1), BEN.id: (7, 1)}


async def test_scores_are_not_cleared_while_their_version_is_being_prepared(world: ScoringWorld) -> None:
    await advance(world)

    def cleared(connection: sa.Connection) -> bool:
        version = activation._version_to_activate(connection, "m", Activation("none"))
        return preparation.clear(connection, version, 10)

    assert not await world.database.unit(cleared)
    assert len(await kept(world)) == 1
