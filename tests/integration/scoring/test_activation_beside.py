"""Activation beside live scoring: the result is as if all events had come before."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from services.scoring.change import activation, pages
from services.scoring.core.counting.counts import NONE, Counts, only
from services.scoring.core.counting.tally import Tally
from services.scoring.core.counting.tally import counted as counted_of
from services.scoring.matrix.reading import stored_matrix
from services.scoring.store import counts, ledger, preparations
from services.scoring.store.tables import cycles, identities, scores
from shared.database.connections import Work
from shared.database.engine import Database
from shared.events import Event, LeadQualified
from tests.integration.scoring.many_profiles import (
    LIMITS,
    MATRIX,
    MODEL,
    activate_matrix,
    assert_as_defined,
    batches,
    columns,
)
from tests.integration.scoring.small_pages import prepare_in_pages_of
from tests.support.builders import rule
from tests.support.patience import persist
from tests.worlds.scoring import ScoringWorld

BEFORE = {"flip_number": 1000, "rules": [rule("visits", 10)]}

T = TypeVar("T")


@pytest.fixture
def world(database: Database) -> ScoringWorld:
    return ScoringWorld(database, LIMITS)


@pytest.fixture
async def reference(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[ScoringWorld]:
    """A second world, in which nothing happens at the same time."""
    path = tmp_path / "reference.sqlite"
    shutil.copy(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}")
    yield ScoringWorld(database, LIMITS)
    await database.close()


async def tell(world: ScoringWorld, events: list[Event], size: int = 500) -> None:
    for batch in batches(events, size):
        await persist(partial(world.consume, *batch))


async def counted(world: ScoringWorld) -> dict[str, Counts]:
    """Return the counts of each identity that the matrix reads."""
    keys = Tally([stored_matrix(MODEL, MATRIX)]).keys
    known = [row[0] for row in await world.table_rows(identities)]
    each = await world.database.read(lambda connection: counts.read(connection, known))
    wanted = {i: only(own.value.counts, keys) for i, own in each.items()}
    return {i: own for i, own in wanted.items() if own != NONE}


async def recounted(world: ScoringWorld) -> dict[str, Counts]:
    """Count the whole ledger again."""
    tally = Tally([stored_matrix(MODEL, MATRIX)])
    known = [row[0] for row in await world.table_rows(identities)]
    posted = await world.database.read(lambda connection: ledger.read(connection, known))
    fresh = {i: counted_of(interactions, tally) for i, interactions in posted.items()}
    return {i: own for i, own in fresh.items() if own != NONE}


class Pace:
    """Two tasks that begin each step together, until one of them has ended."""

    def __init__(self) -> None:
        self._together = asyncio.Barrier(2)

    async def kept(self) -> None:
        with suppress(asyncio.BrokenBarrierError):
            await self._together.wait()

    async def left(self) -> None:
        await self._together.abort()


class Paced:
    """A database in which each unit of work is a step."""

    def __init__(self, database: Database, pace: Pace) -> None:
        self.dialect = database.dialect
        self._database = database
        self._pace = pace

    async def unit(self, work: Work[T]) -> T:
        await self._pace.kept()
        return await self._database.unit(work)


async def told_of(world: ScoringWorld) -> list[Any]:
    leads = await world.outbox_events(LeadQualified)
    return sorted((one.profile_id, one.cycle, one.score, one.crossed_on, one.reasons) for one in leads)


async def test_activation_during_live_scoring_gives_the_same_result_as_after_all_events(
    world: ScoringWorld, reference: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_in_pages_of(20, monkeypatch)
    monkeypatch.setattr(pages, "RETRY_SECONDS", 0.005)
    events = columns(7, people=60, deeds=2400)
    first, live = events[:2000], events[2000:]
    await activate_matrix(world, BEFORE)
    await tell(world, first)
    phases: list[str] = []
    prepare, pace = activation._prepare, Pace()

    async def go_on_living() -> None:
        for batch in batches(live, 6):
            await pace.kept()
            await tell(world, batch, 50)
            under_way = await world.database.read(lambda connection: preparations.read(connection, MODEL))
            phases.append(under_way.phase if under_way else "none")
        await pace.left()

    async def prepare_in_pace(database: Database, *more: Any) -> None:
        await prepare(cast("Database", Paced(database, pace)), *more)
        await pace.left()

    async def prepare_meanwhile(*arguments: Any) -> None:
        await asyncio.gather(prepare_in_pace(*arguments), go_on_living())

    with monkeypatch.context() as patched:
        patched.setattr(activation, "_prepare", prepare_meanwhile)
        await activate_matrix(world, MATRIX)
    assert {"counting", "pricing"} <= set(phases) <= {"counting", "pricing", "ready"}

    await activate_matrix(reference, BEFORE)
    await tell(reference, events)
    await activate_matrix(reference, MATRIX)
    assert await world.table_rows(identities) == await reference.table_rows(identities)
    assert await counted(world) == await counted(reference) == await recounted(world)
    both = [{row[:-1] for row in await each.table_rows(scores) if row[2] == 2} for each in (world, reference)]
    assert both[0] == both[1]
    assert await world.table_rows(cycles) == await reference.table_rows(cycles)
    assert await told_of(world) == await told_of(reference) != []
    await assert_as_defined(world, events)
