"""Counts in JSON become the bytes that counting itself writes, and there is no way back."""

from datetime import UTC
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from services.scoring.core.counting.counts import ADJUSTMENTS, NONE, Changes, Counts, StoredCounts
from services.scoring.core.counting.tally import Tally, count
from services.scoring.core.revised import Revised
from services.scoring.store.counts import read, write
from services.scoring.store.tables import counts
from shared.database.engine import Database
from shared.database.migrations import migrate
from tests.support.builders import interaction, matrix, rule
from tests.support.downgrades import JSON_COUNTS, Json, downgraded
from tests.support.tables import changed, rows, values

TALLY = Tally(
    [
        matrix(
            rule("visits"),
            rule("guides", limit={"times": 1, "per": "ever", "by": "asset"}),
            rule("crawled", machine="only"),
            inactivity={"after": "9d", "points": -1},
        )
    ]
)
ASSETS = [
    "Guía año",
    "Straße",
    "日本",
    "👟",
    'a "quoted" \\ text',
    "\u2028\x7f\n",
    "x" * 300,
    1,
    1.0,
    2.5,
    None,
    True,
    [1],
    "",
]
REASONS = ["met at the fair", "Señor «Muñoz»", 'said "no"', "👟\n"]
DONE = [
    *(interaction(asset=asset, day=day) for asset in ASSETS for day in (-800, 0, 0, 7)),
    interaction(), interaction("like"), interaction(machine="crawler"),
    *(
        interaction("adjustment", day=day, model="m", points=points, reason=reason, author="Olga")
        for reason in REASONS for day, points in [(0, 5.0), (0, 5.0), (3, -0.1)]
    ),
]  # fmt: skip
"""Interactions for every kind of key, with values and reasons in letters of all kinds."""
PEOPLE = {f"{n:032}": DONE[n % len(DONE) : n % len(DONE) + n % 5] for n in range(1_100)} | {"f" * 32: DONE}
"""More than one page of the migration; some of them have no counts."""


def as_json(done: list[Any]) -> str:
    """Counts as revision 0008 stored them: key -> day -> text of the value -> how often."""
    found: Json = {}
    for one in done:
        for key, by in TALLY.matches(one):
            values = found.setdefault(key, {}).setdefault(one.occurred_at.astimezone(UTC).toordinal(), {})
            values[by] = values.get(by, 0) + 1
    return msgspec.json.encode(found).decode()


def as_counted(done: list[Any]) -> Counts:
    changes = Changes()
    for one in done:
        count(changes, 0, one, TALLY)
    (counted,) = changes.to([NONE])
    return counted


async def written(database: Database) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await rows(database, sa.select(counts).order_by(counts.c.identity_id))]


async def test_json_counts_are_migrated_to_the_bytes_that_counting_writes(database_url: str) -> None:
    await downgraded(database_url, "0008")
    old = [
        {"identity_id": who, "counts": as_json(done), "revision": n}
        for n, (who, done) in enumerate(PEOPLE.items(), start=1)
    ]
    database = Database(database_url)
    await changed(database, sa.insert(JSON_COUNTS).values(old))
    assert ADJUSTMENTS in as_json(DONE)
    await database.close()
    await migrate(database_url)
    database = Database(database_url)
    migrated = await written(database)
    own = {who: Revised(StoredCounts(as_counted(done)), n) for n, (who, done) in enumerate(PEOPLE.items())}
    kept = await database.read(lambda connection: read(connection, list(PEOPLE)))
    assert kept == {who: one._replace(revision=one.revision + 1) for who, one in own.items()}
    await changed(database, sa.delete(counts))
    await database.unit(lambda connection: write(connection, own))
    assert migrated == await written(database)
    await database.close()


async def test_the_counts_migration_refuses_a_downgrade_that_would_lose_counts(database_url: str) -> None:
    """Texts cannot be made from numbers, so a downgrade would lose the counts."""
    database = Database(database_url)
    stored = {"a" * 32: Revised(StoredCounts(as_counted(DONE)), 0)}
    await database.unit(lambda connection: write(connection, stored))
    before = await written(database)
    with pytest.raises(RuntimeError, match="restore a backup from before revision 0009"):
        await downgraded(database_url, "0008")
    assert await values(database, sa.text("select version_num from alembic_version")) == ["0011"]
    assert await written(database) == before != []
    await changed(database, sa.delete(counts))
    await database.close()
    await downgraded(database_url, "0008")
    await migrate(database_url)
