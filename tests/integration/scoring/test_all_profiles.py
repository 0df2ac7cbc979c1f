"""All profiles, read a page at a time: each once, with the counts and traits that `profiles.find` reads."""

from math import ceil

import pytest
from sqlalchemy import Connection

from services.scoring.store import all_profiles, counts, traits
from services.scoring.store.profiles import find
from services.scoring.store.tables import identities, older_counts
from shared.database.engine import Database
from tests.support.builders import interaction, rule
from tests.worlds.scoring import ScoringWorld

NAMES = ("title", "email", "company", "email_domain")


@pytest.fixture
async def world(database: Database, monkeypatch: pytest.MonkeyPatch) -> ScoringWorld:
    """A world of eight people: three have several identities, and one has enough counts for two rows."""
    monkeypatch.setattr(counts, "MOST_RECENT", 3)
    world = ScoringWorld(database, limits={})
    await world.activate(rule("visits", 10, limit={"times": 3, "per": "day"}))
    for n in range(5):
        who = {"email": f"p{n}@example.com"}
        await world.consume(interaction(known_as=who, traits={"title": "VP"} if n % 2 else {}))
    await world.consume(*(interaction(day=day, known_as={"email": "p0@example.com"}) for day in range(-6, 0)))
    assert len(await world.table_rows(older_counts)) == 1
    for n in range(3):
        cookie, user = {"anonymous_id": f"c{n}"}, {"user_id": f"u{n}"}
        await world.consume(interaction(known_as=cookie), interaction(known_as=cookie | user))
        await world.consume(interaction(known_as=user, traits={"company": "Acme"}))
    return world


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_all_pages_together_have_each_profile_once_in_the_order_of_ids(
    world: ScoringWorld, size: int
) -> None:
    def pages(connection: Connection) -> list[all_profiles.ProfilePage]:
        found: list[all_profiles.ProfilePage] = []
        after = ""
        while (page := all_profiles.read(connection, after, size, NAMES)).profile_ids:
            found.append(page)
            after = page.profile_ids[-1]
        return found

    found = await world.database.read(pages)
    # Eight profiles have eleven identities.
    assert 8 / size <= len(found) <= ceil(11 / size)
    ids = [one for page in found for one in page.profile_ids]
    assert ids == sorted({row[3] for row in await world.table_rows(identities)})
    assert len(ids) == 8
    assert max(len(page.profile_ids) for page in found) <= max(size, 1)


async def test_a_page_contains_the_identities_counts_and_traits_of_each_profile(world: ScoringWorld) -> None:
    def both(connection: Connection) -> None:
        page = all_profiles.read(connection, "", 100, NAMES)
        for profile_id, known, ids in zip(*page, strict=True):
            (person,) = find(connection, [profile_id])
            expected = traits.known(connection, [person])[profile_id]
            assert sorted(ids) == sorted(person.identities)
            assert known.counts == expected.counts
            day = max(expected.traits.days, default=0)
            assert known.traits.at(day) == expected.traits.at(day)

    await world.database.read(both)


async def test_a_page_without_trait_names_contains_only_counts(world: ScoringWorld) -> None:
    page = await world.database.read(lambda connection: all_profiles.read(connection, "", 100, ()))
    assert all(not known.traits.at(800_000) for known in page.known)
    assert all(known.counts.packed for known in page.known)


async def test_a_database_without_profiles_gives_an_empty_page(database: Database) -> None:
    page = await database.read(lambda connection: all_profiles.read(connection, "", 100, NAMES))
    assert page == all_profiles.ProfilePage((), (), ())
