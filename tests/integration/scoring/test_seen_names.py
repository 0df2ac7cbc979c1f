"""The table of names seen so far: complete, bounded, and without names that were rolled back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from services.scoring.core.profiles.names import Name
from services.scoring.store import names
from services.scoring.store.tables import seen_names
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.events import Interaction
from tests.cast import ANA
from tests.support.builders import interaction, on_the_log, rule
from tests.support.downgrades import taken_back
from tests.support.patience import patience
from tests.support.statements import statements
from tests.worlds.replay import open_replay
from tests.worlds.scoring import ScoringWorld


@pytest.fixture
async def world(database: Database) -> ScoringWorld:
    world = ScoringWorld(database)
    await world.activate(rule())
    return world


async def seen(world: ScoringWorld) -> set[tuple[Any, ...]]:
    return set(await world.table_rows(seen_names))


async def test_types_properties_and_traits_of_events_are_stored_as_seen_names(world: ScoringWorld) -> None:
    await world.consume(
        interaction("bike_ride", path="/", utm={"source": "mail"}), interaction(traits={"employees": 12})
    )
    assert await seen(world) == {
        ("type", "bike_ride", ""), ("type", "visit", ""), ("property", "path", "text"),
        ("property", "utm", "object"), ("property", "utm.source", "text"), ("trait", "employees", "number"),
    }  # fmt: skip


async def test_known_names_need_no_statement(world: ScoringWorld) -> None:
    def asked(statements: list[str]) -> int:
        return sum("seen_names" in one for one in statements)

    counted: list[int] = []
    for _ in range(4):
        with statements(world.database) as made:
            await world.consume(interaction("bike_ride", path="/"))
        counted.append(asked(made))
    # The second batch finds the names that the first has added; from then on no query is needed.
    assert min(counted[:2]) > 0
    assert counted[2:] == [0, 0]


async def test_names_of_a_rolled_back_batch_are_stored_when_they_come_again(
    world: ScoringWorld,
) -> None:

    def rolled_back(connection: Connection) -> None:
        world.scorer.apply(connection, on_the_log(interaction("bike_ride", path="/")))
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await world.database.unit(rolled_back)
    assert await seen(world) == set()
    await world.consume(interaction("bike_ride", path="/"))
    assert await seen(world) == {("type", "bike_ride", ""), ("property", "path", "text")}


def with_properties(properties: dict[str, Any], type: str = "visit") -> Interaction:
    return interaction(type, **properties)


async def test_senders_cannot_fill_the_table(world: ScoringWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "LIMIT", 5)
    await world.consume(*(with_properties({f"p{n}": n}, f"type_{n}") for n in range(4)))
    await world.consume(*(with_properties({f"q{n}": n}, f"other_{n}") for n in range(100)))
    rows = await world.table_rows(seen_names)
    assert [sum(row[0] == kind for row in rows) for kind in ("type", "property", "trait")] == [5, 5, 0]
    assert {f"p{n}" for n in range(4)} < {row[1] for row in rows}
    await world.consume(interaction("more", traits={"title": "VP"}))
    with statements(world.database) as made:
        await world.consume(*(with_properties({f"r{n}": n}, f"yet_{n}") for n in range(100)))
    assert not any("seen_names" in one for one in made)
    assert ("trait", "title", "text") in await world.table_rows(seen_names)
    assert len(world.scorer._names._stored) <= 10


async def test_workers_that_see_the_same_names_at_once_do_not_block_each_other(world: ScoringWorld) -> None:
    """Each has events of its own, with the same new names in another order."""
    workers = [ScoringWorld(world.database) for _ in range(6)]
    for turn in range(5):
        new = [f"n{turn}_{n}" for n in range(40)]

        def events(who: int, new: list[str] = new) -> list[Any]:
            order = new if who % 2 else new[::-1]
            return [interaction(name, known_as={"email": f"p{who}@example.com"}) for name in order]

        async with patience():
            await asyncio.gather(*(one.consume(*events(who)) for who, one in enumerate(workers)))
    assert {row[1] for row in await world.table_rows(seen_names)} == {
        f"n{turn}_{n}" for turn in range(5) for n in range(40)
    }


async def test_the_migration_finds_the_same_names_in_the_tables_as_the_events_brought(
    database_url: str,
) -> None:
    world = ScoringWorld(Database(database_url))
    await world.activate(rule())
    nested = {"a": {"b": {"c": 1}, "x.y": 1}, "list": [{"in": 1}], "": 1, "e": {}}
    await world.consume(
        interaction("bike_ride", path="/", n=1, f=1.5, yes=True, no=False, none=None, utm=nested),
        interaction(n="1", utm="text", **{"flat.key": {"no": 1}, "": 1, "x" * 129: 1, "ü" * 128: 1}),
        interaction(
            "identify", traits={"title": "VP", "size": 3, "gone": None, "tags": ["a"], "o": {"p": 1}}
        ),
        interaction("adjustment", model="m", points=1.0, reason="fair", author="ops"),
        interaction("download", machine="crawler", file="x.pdf"),
    )
    told = await seen(world)
    assert Name("property", "utm.a.b", "object") in told
    assert len(told) > 20
    await taken_back(database_url, "0002")
    await migrate(database_url)
    assert await seen(world) == told
    await world.database.close()


async def test_a_rebuild_agrees_with_the_names_that_the_migration_found(
    database_url: str, tmp_path: Path
) -> None:
    """The table of traits has only the last value of a day, so earlier forms of a trait are unknown."""
    database = Database(database_url)
    async with open_replay(database, tmp_path) as running:
        await running.world.activate(rule())
        await running.append_and_score(
            interaction(path="/", traits={"size": "12", "phone": "123"}),
            interaction(id="wrong", utm={"source": "mail"}, traits={"size": 12, "phone": None}),
        )
        await running.retract(await running.world.profile_id(ANA), interaction="wrong")
        assert await running.matches_the_log(), running.printed
        await taken_back(database_url, "0002")
        await migrate(database_url)
        await running.mark_as_this_fold()
        assert ("trait", "size", "text") not in await seen(running.world)
        assert await running.matches_the_log(), running.printed
        await running.append_and_score(interaction(n=1, traits={"size": "many"}))
        assert await running.matches_the_log(), running.printed
    await database.close()


async def test_the_check_does_not_compare_names_beyond_the_limit(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "LIMIT", 5)
    async with open_replay(database, tmp_path) as running:
        await running.world.activate(rule())
        for n in range(8, 0, -1):
            await running.append_and_score(with_properties({f"p{n}": 1}))
        assert await running.matches_the_log(), running.printed
        assert "Too many names came to keep them all, not compared: property." in running.printed


async def test_the_migration_skips_names_and_values_that_it_cannot_read(database_url: str) -> None:
    """Ingest accepts no NUL, but another program may have written the log."""
    world = ScoringWorld(Database(database_url))
    await world.activate(rule())
    await world.consume(interaction(path="/"), interaction("download", **{"a\0b": 1, "c": "\0"}))
    await taken_back(database_url, "0002")
    await migrate(database_url)
    assert await seen(world) == {
        ("type", "visit", ""), ("type", "download", ""), ("property", "path", "text"),
    }  # fmt: skip
    await world.database.close()


async def test_the_migration_keeps_the_table_bounded(database_url: str) -> None:
    world = ScoringWorld(Database(database_url))
    await world.activate(rule())
    many = [with_properties({f"p{n}_{k}": k for k in range(100)}) for n in range(101)]
    await world.consume(*many)
    await taken_back(database_url, "0002")
    await migrate(database_url)
    rows = await world.table_rows(seen_names)
    assert sum(row[0] == "property" for row in rows) == names.LIMIT
    await world.database.close()
