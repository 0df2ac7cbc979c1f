"""Persons, leads and versions of a database from before links were stored."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import IntegrityError

from services.scoring.core.counting.tally import day_of
from services.scoring.matrix.reading import stored_matrix
from services.scoring.store.tables import activations, identities, links, scores
from shared.database.engine import Database
from shared.database.migrations import alembic_config, migrate
from shared.database.schema import Instant
from shared.events import LeadQualified, Separation, StageChanged
from tests.cast import BEN
from tests.support.builders import NOON, interaction, rule
from tests.support.builders import identities as named
from tests.support.downgrades import taken_back
from tests.support.tables import changed, values
from tests.worlds.scoring import ScoringWorld

# In the order of their ids; a profile had the id of its first identity, whichever that was.
LEAST, MIDDLE, GREATEST = sorted(
    named(email="ana@example.com", anonymous_id="cookie", user_id="ana"), key=lambda i: i.id
)
EVERYONE = (LEAST, MIDDLE, GREATEST, BEN)
PROFILE_OF = {LEAST: GREATEST, MIDDLE: GREATEST, GREATEST: GREATEST, BEN: BEN}
MATRIX = stored_matrix("m", {"flip_number": 20, "stages": {"engaged": 5}, "rules": [rule("visits", 10)]})


def _before() -> dict[str, list[dict[str, Any]]]:
    """Rows of revision 0001: Ana, of three identities, who flipped as MIDDLE, and Ben, who did not."""
    key = MATRIX.rules[0].count_key
    visited = {LEAST: 1, GREATEST: 2, BEN: 1}
    return {
        "profiles": [{"id": i.id, "created_at": NOON} for i in (MIDDLE, GREATEST, BEN)],
        "identities": [
            {"id": i.id, "kind": i.kind, "value": i.value, "profile_id": PROFILE_OF[i].id} for i in EVERYONE
        ],
        "counts": [
            {"identity_id": i.id, "counts": json.dumps({key: {day_of(NOON): {"": n}}}), "revision": 3}
            for i, n in visited.items()
        ],
        "traits": [
            {
                "identity_id": LEAST.id,
                "name": "title",
                "day": day_of(NOON),
                "value": '"VP"',
                "occurred_at": NOON,
                "event_id": "told",
            }
        ],
        "models": [{"model": "m", "active_version": 1, "created_at": NOON}],
        "versions": [
            {
                "model": "m",
                "version": 1,
                "matrix": json.dumps(MATRIX.canonical()),
                "handoff": "all",
                "activated_at": NOON,
            }
        ],
        "standings": [
            {
                "profile_id": MIDDLE.id,
                "model": "m",
                "cycle": 1,
                "lead_id": "lead",
                "version": 1,
                "flipped_at": NOON,
            }
        ],
    }


@pytest.fixture
async def url(database_url: str) -> str:
    """A database of revision 0001 with data."""
    await taken_back(database_url, "base")
    await asyncio.to_thread(command.upgrade, alembic_config(database_url), "0001")
    database = Database(database_url)
    await database.unit(_write_before)
    await database.close()
    return database_url


def _write_before(connection: sa.Connection) -> None:
    for name, rows in _before().items():
        columns = [sa.column(column, Instant() if column.endswith("_at") else None) for column in rows[0]]
        connection.execute(sa.insert(sa.table(name, *columns)), rows)


async def test_merged_identities_stay_one_profile_under_the_least_id_after_the_migration(url: str) -> None:
    await migrate(url)
    world = ScoringWorld(Database(url))
    assert [await world.profile_id(one) for one in EVERYONE] == [LEAST.id, LEAST.id, LEAST.id, BEN.id]
    assert [await world.score(one) for one in EVERYONE] == [30, 30, 30, 10]
    assert await world.traits(GREATEST) == {"title": "VP"}
    assert {row[:2] for row in await world.table_rows(links)} == {
        (LEAST.id, MIDDLE.id),
        (LEAST.id, GREATEST.id),
    }
    assert {row[2:] for row in await world.table_rows(links)} == {(NOON, "before-links-were-kept", None)}
    assert [row[:4] for row in await world.table_rows(activations)] == [("m", 1, 1, "all")]
    await world.database.close()


async def test_an_existing_lead_is_not_repeated_after_the_migration(url: str) -> None:
    await migrate(url)
    world = ScoringWorld(Database(url))
    assert await world.let_time_pass() == 2
    assert {row[0]: row[3] for row in await world.table_rows(scores)} == {LEAST.id: 30, BEN.id: 10}
    await world.consume(*(interaction(known_as={one.kind: one.value}) for one in EVERYONE))
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.profile_id, lead.cycle) == (BEN.id, 1)
    assert await world.outbox_events(StageChanged) == []
    await world.database.close()


async def test_identities_linked_before_the_migration_can_be_unmerged(url: str) -> None:
    await migrate(url)
    world = ScoringWorld(Database(url))
    await world.consume(
        Separation(
            id="parts", identities=(LEAST,), others=(GREATEST,), reason="two", author="O", separated_at=NOON
        )
    )
    assert not await world.are_one(LEAST, GREATEST)
    assert [await world.score(one) for one in (LEAST, GREATEST)] == [10, 20]
    await world.database.close()


async def went_back(url: str) -> list[tuple[Any, ...]]:
    """Take the database to the newest revision and back; return the identities at the newest revision."""
    await migrate(url)
    world = ScoringWorld(Database(url))
    await world.consume(interaction(known_as={"email": "ben@example.com", "phone": "12345"}))
    newest = await world.table_rows(identities)
    await world.database.close()
    await taken_back(url, "0001")
    return newest


async def test_the_downgrade_restores_a_profile_row_for_every_profile(url: str) -> None:
    newest = await went_back(url)
    database = Database(url)
    founders = await values(database, sa.text("select id from profiles"))
    assert set(founders) == {row[3] for row in newest}
    with pytest.raises(IntegrityError):
        await changed(database, sa.text("delete from profiles"))
    await database.close()


async def test_profiles_are_unchanged_after_a_downgrade_and_a_new_migration(url: str) -> None:
    newest = await went_back(url)
    await migrate(url)
    world = ScoringWorld(Database(url))
    assert await world.table_rows(identities) == newest
    assert await world.score(BEN) == 20
    await world.database.close()
