"""Profiles with more counts than fit the row that events write: a second row changes no result."""

from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.core.counting.counts import NONE
from services.scoring.store import counts as store
from services.scoring.store.counts import MOST_RECENT
from services.scoring.store.profiles import find
from services.scoring.store.tables import counts, identities, older_counts
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.errors import Unavailable
from shared.events import Interaction
from tests.cast import ANA, BOTH, by_cookie, retraction
from tests.support.builders import interaction, rule
from tests.support.downgrades import downgraded
from tests.support.statements import statements
from tests.support.tables import changed, rows, values
from tests.worlds.scoring import ScoringWorld

GUIDES = rule("guides", 1, limit={"times": 1, "per": "ever", "by": "asset"})
MANY = MOST_RECENT + 44


@pytest.fixture
async def world(database: Database) -> ScoringWorld:
    world = ScoringWorld(database)
    await world.activate(GUIDES, flip_number=10**6)
    return world


def guides(start: int, end: int, **more: Any) -> list[Interaction]:
    return [interaction(id=f"guide-{n}", asset=f"guide-{n}", **more) for n in range(start, end)]


async def older(database: Database) -> dict[str, tuple[str, int]]:
    """Return the mark and the number of entries of each large row, by identity."""
    found = await rows(database, sa.select(older_counts))
    return {row.identity_id: (row.mark, len(row.entries) // 24) for row in found}


async def recent(database: Database) -> dict[str, int]:
    """Return the number of entries in the row that events write, by identity."""
    found = await rows(database, sa.select(counts))
    return {row.identity_id: len(row.entries) // 24 for row in found}


async def test_older_counts_are_written_only_when_recent_counts_overflow(world: ScoringWorld) -> None:
    await world.consume(*guides(0, MANY))
    assert await recent(world.database) == {ANA.id: 0}
    first = await older(world.database)
    assert first[ANA.id][1] == MANY
    with statements(world.database) as asked:
        await world.consume(*guides(MANY - 10, MANY + MOST_RECENT))
    assert not any("INTO older_counts" in one for one in asked)
    assert await older(world.database) == first
    assert await recent(world.database) == {ANA.id: MOST_RECENT}
    with statements(world.database) as asked:
        await world.consume(*guides(MANY + MOST_RECENT, MANY + MOST_RECENT + 1))
    assert any("INTO older_counts" in one for one in asked)
    assert await recent(world.database) == {ANA.id: 0}
    assert (await older(world.database))[ANA.id][1] == MANY + MOST_RECENT + 1
    assert await world.score(ANA) == (await world.score_row(ANA)).score == MANY + MOST_RECENT + 1


async def test_retractions_also_remove_counts_from_before_the_overflow(world: ScoringWorld) -> None:
    """At first there are negative counts beside the large row, then both rows are empty."""
    await world.consume(*guides(0, MANY))
    await world.consume(retraction("guide-1", "guide-2"))
    assert (await older(world.database))[ANA.id][1] == MANY
    assert await recent(world.database) == {ANA.id: 2}
    assert await world.score(ANA) == (await world.score_row(ANA)).score == MANY - 2
    await world.consume(retraction(*(f"guide-{n}" for n in range(MANY) if n not in {1, 2})))
    assert (await older(world.database))[ANA.id][1] == 0
    assert (await world.profile(ANA)).counts == NONE
    assert await world.score(ANA) == (await world.score_row(ANA)).score == 0


async def test_two_workers_do_not_overwrite_the_older_counts_of_each_other(world: ScoringWorld) -> None:
    """A worker that read before the other had written must not write either of its rows."""
    await world.consume(*guides(0, 5))
    stale = await world.database.read(lambda its: store.read(its, [ANA.id]))
    await world.consume(*guides(5, MANY))
    kept = await older(world.database), await recent(world.database)
    fresh = await world.database.read(lambda its: store.read(its, [ANA.id]))
    of_fresh = stale[ANA.id].value._replace(recent=fresh[ANA.id].value.counts)
    overflowing = {ANA.id: stale[ANA.id]._replace(value=of_fresh)}
    for late in (stale, overflowing):
        with pytest.raises(Unavailable, match="changed the same counts"):
            await world.database.unit(lambda its, late=late: store.write(its, late))
    assert (await older(world.database), await recent(world.database)) == kept


async def test_profiles_with_older_counts_are_merged_without_double_counts(world: ScoringWorld) -> None:
    """Interactions of both count once for each value."""
    cookie = {"anonymous_id": "cookie"}
    await world.consume(*guides(0, MANY))
    await world.consume(
        *(by_cookie(id=f"cookie-{n}", asset=f"guide-{n}") for n in range(100, MANY + 100)),
    )
    await world.consume(interaction("identify", known_as=BOTH))
    assert len(await older(world.database)) == 2
    assert await world.score(ANA) == (await world.score_row(ANA)).score == MANY + 100
    await world.consume(interaction(asset="guide-5", known_as=cookie), *guides(MANY + 100, MANY + 101))
    assert await world.score(ANA) == (await world.score_row(ANA)).score == MANY + 101


async def test_a_new_condition_is_counted_from_the_ledger_for_a_profile_with_older_counts(
    world: ScoringWorld,
) -> None:
    await world.consume(*guides(0, MANY))
    visits = rule("visits", 3, limit={"times": 1, "per": "ever", "by": "page"}, when={"type": "like"})
    await world.consume(*(interaction("like", page=n) for n in range(MANY)))
    await world.activate(GUIDES, visits, flip_number=10**6)
    assert await world.score(ANA) == (await world.score_row(ANA)).score == 4 * MANY
    await world.activate(visits, flip_number=10**6)
    await world.consume(*guides(MANY, MANY + 20))
    await world.activate(GUIDES, visits, flip_number=10**6)
    assert await world.score(ANA) == (await world.score_row(ANA)).score == 4 * MANY + 20


async def test_a_downgrade_joins_recent_and_older_counts_without_loss(database_url: str) -> None:
    database = Database(database_url)
    world = ScoringWorld(database)
    await world.activate(GUIDES, flip_number=10**6)
    await world.consume(*guides(0, MANY), by_cookie(asset="one"))
    await world.consume(*guides(MANY, MANY + 9), retraction("guide-3", "guide-4"))
    known = await values(database, sa.select(identities.c.id))
    before = await database.read(lambda its: find(its, known))
    await database.close()
    await downgraded(database_url, "0009")
    database = Database(database_url)
    assert (await recent(database))[ANA.id] == MANY + 9 - 2
    await database.close()
    await migrate(database_url)
    database = Database(database_url)
    world = ScoringWorld(database)
    after = await database.read(lambda its: find(its, known))
    assert {one.id: one.counts for one in after} == {one.id: one.counts for one in before}
    assert await older(database) == {}
    await world.consume(interaction(asset="last"))
    assert (await older(database))[ANA.id][1] == MANY + 9 - 2 + 1
    assert await world.score(ANA) == MANY + 9 - 2 + 1
    await changed(database, sa.delete(older_counts))
    await database.close()
