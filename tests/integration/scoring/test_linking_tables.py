"""Which identities are one person on real tables: late evidence, shared devices, separations, limits."""

from itertools import permutations
from typing import Any

import pytest

from services.scoring.core.profiles import linking
from services.scoring.store import links as store
from services.scoring.store.tables import links, scores
from shared.database.engine import Database
from shared.events import Interaction, Separation
from shared.identity import Identity
from tests.cast import VISITS
from tests.support.builders import NOON, interaction
from tests.support.statements import statements
from tests.worlds.scoring import ScoringWorld

ONE_USER = "A person has at most 1 user_id, and these would have 2."


def user(name: str) -> Identity:
    return Identity("user_id", name)


def device(name: str = "kiosk") -> Identity:
    return Identity("anonymous_id", name)


def login(name: str, day: int = 0, *, on: str = "kiosk", **more: Any) -> Interaction:
    return interaction("identify", day=day, known_as={"user_id": name, "anonymous_id": on}, **more)


def visit(one: Identity, **more: Any) -> Interaction:
    return interaction(known_as={one.kind: one.value}, **more)


def parted(one: Identity, other: Identity) -> Separation:
    return Separation(
        id=f"parts-{one.value}",
        identities=(one,),
        others=(other,),
        reason="two",
        author="Olga",
        separated_at=NOON,
    )


async def refusals(world: ScoringWorld) -> dict[tuple[str, str], str | None]:
    return {(row[0], row[1]): row[4] for row in await world.table_rows(links)}


async def scored(world: ScoringWorld) -> dict[str, float]:
    return {row[0]: row[3] for row in await world.table_rows(scores)}


async def test_a_device_belongs_to_the_user_of_the_earliest_login_in_any_event_order(
    world: ScoringWorld,
) -> None:
    """Every order of three logins, in batches of one, two or three, each on a device of its own."""
    await world.activate(VISITS, flip_number=1000)
    told = permutations([("ana", -3), ("ben", -2), ("carl", -1)])
    for n, order in enumerate(told):
        for together in (1, 2, 3):
            place = f"{n}-{together}"
            logins = [login(f"{name}-{place}", day, on=place) for name, day in order]
            await world.consume(visit(device(place)), *(visit(user(f"{name}-{place}")) for name, _ in order))
            for start in range(0, 3, together):
                await world.consume(*logins[start : start + together])
            ana, ben, carl = (user(f"{name}-{place}") for name in ("ana", "ben", "carl"))
            assert await world.profile_id(device(place)) == await world.profile_id(ana)
            assert [await world.score(one) for one in (ana, ben, carl)] == [20, 10, 10]
            kept = await refusals(world)
            assert [kept[one.id, device(place).id] for one in (ana, ben, carl)] == [None, ONE_USER, ONE_USER]


async def test_the_interactions_of_a_device_move_with_the_device(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(visit(device()), visit(user("ben")), login("ben", -1))
    assert await world.score(user("ben")) == 20
    await world.consume(login("ana", -2))
    ben, ana = user("ben"), user("ana")
    assert [await world.score(one) for one in (ben, ana, device())] == [10, 10, 10]
    assert await scored(world) == {ben.id: 10, await world.profile_id(ana): 10}


async def test_earlier_evidence_makes_a_refused_link_valid(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(login("ben", -1))
    await world.consume(login("ana", 0))
    assert await refusals(world) == {
        (user("ana").id, device().id): ONE_USER,
        (user("ben").id, device().id): None,
    }
    await world.consume(login("ana", -2, id="first"))
    assert await refusals(world) == {
        (user("ana").id, device().id): None,
        (user("ben").id, device().id): ONE_USER,
    }
    assert "first" in {row[3] for row in await world.table_rows(links)}
    await world.consume(login("ana", 3))
    assert "first" in {row[3] for row in await world.table_rows(links)}
    assert await world.are_one(user("ana"), device())


async def test_a_login_with_a_refused_link_counts_for_the_user(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(login("ana", -1))
    await world.consume(interaction(known_as={"user_id": "ben", "anonymous_id": "kiosk"}))
    assert [await world.score(one) for one in (user("ana"), user("ben"), device())] == [0, 10, 0]


async def test_after_an_unmerge_each_identity_has_its_own_interactions(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(login("ana"), visit(user("ana")), visit(device()), visit(device()))
    await world.consume(parted(user("ana"), device()))
    assert await scored(world) == {user("ana").id: 10, device().id: 20}
    assert list((await refusals(world)).values()) == ["They were separated by hand (parts-ana)."]


async def test_new_evidence_does_not_link_unmerged_identities(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(login("ana"))
    await world.consume(parted(user("ana"), device()))
    await world.consume(login("ana", 1))
    await world.consume(login("ana", -5))
    assert not await world.are_one(user("ana"), device())
    await world.consume(interaction("identify", known_as={"email": "ana@x.example", "anonymous_id": "kiosk"}))
    await world.consume(interaction("identify", known_as={"user_id": "ana", "email": "ana@x.example"}))
    assert not await world.are_one(user("ana"), device())
    assert "They were separated by hand (parts-ana)." in (await refusals(world)).values()


@pytest.mark.parametrize("known", [(), ("ana",), ("ana", "ben")])
async def test_an_unmerge_also_applies_to_identities_that_were_unknown(
    world: ScoringWorld, known: tuple[str, ...]
) -> None:
    await world.activate(VISITS, flip_number=1000)
    ana, ben = Identity("email", "ana@x.example"), Identity("email", "ben@x.example")
    await world.consume(*(visit(Identity("email", f"{name}@x.example")) for name in known))
    await world.consume(parted(ana, ben))
    for one in (ana, ben):
        shared = {"email": one.value, "anonymous_id": "kiosk"}
        await world.consume(interaction("identify", day=one is ben, known_as=shared))
    assert await world.are_one(ana, device())
    assert not await world.are_one(ana, ben)
    await world.consume(
        interaction("identify", day=-1, known_as={"email": ben.value, "anonymous_id": "kiosk"})
    )
    assert await world.are_one(ben, device())
    assert not await world.are_one(ana, ben)


async def test_a_profile_has_at_most_the_allowed_number_of_identities_of_a_kind(database: Database) -> None:
    world = ScoringWorld(database, {"user_id": 1, "email": 2})
    await world.activate(VISITS, flip_number=1000)
    for n in range(3):
        who = {"user_id": "ana", "email": f"ana{n}@x.example", "anonymous_id": f"laptop{n}"}
        await world.consume(interaction("identify", day=n, known_as=who))
    assert len((await world.profile(user("ana"))).identities) == 1 + 2 + 3
    refused = [why for why in (await refusals(world)).values() if why]
    assert refused == ["A person has at most 2 email, and these would have 3."]


async def test_a_profile_has_at_most_the_maximal_number_of_identities(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MAX_IDENTITIES", 5)
    await world.activate(VISITS, flip_number=1000)
    for n in (3, 1, 4, 0, 5, 2):
        await world.consume(login("ana", n, on=f"laptop{n}"))
    assert len((await world.profile(user("ana"))).identities) == 5
    assert not await world.are_one(user("ana"), device("laptop4"))
    assert not await world.are_one(user("ana"), device("laptop5"))


@pytest.mark.parametrize("told_before", [0, 1])
async def test_the_cost_of_a_later_login_does_not_depend_on_the_number_of_users_of_a_device(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch, told_before: int
) -> None:
    await world.activate(VISITS, flip_number=1000)
    asked: dict[int, int] = {}
    for number in range(2):
        # The first two batches have new names: the names are recorded, and then known to exist.
        await world.consume(login(f"first-{number}", -500))
    for many in (3, 300):
        on = f"kiosk-{many}"
        await world.consume(*(login(f"{many}-{n}", -400 + n, on=on) for n in range(many)))
        await world.consume(*(login(f"{many}-new", -1, on=on) for _ in range(told_before)))
        with monkeypatch.context() as patched, statements(world.database) as made:
            patched.setattr(store, "component", None)
            await world.consume(login(f"{many}-new", on=on))
        asked[many] = len(made)
        assert await world.are_one(user(f"{many}-0"), device(on))
        assert not await world.are_one(user(f"{many}-new"), device(on))
    assert asked[3] == asked[300] < 30


async def test_the_earliest_login_on_a_crowded_device_takes_few_statements(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    asked: dict[int, int] = {}
    for many in (3, 300):
        on = f"kiosk-{many}"
        await world.consume(*(login(f"{many}-{n}", -400 + n, on=on) for n in range(many)))
        with statements(world.database) as made:
            await world.consume(login(f"{many}-new", -900, on=on))
        asked[many] = len(made)
        assert await world.are_one(user(f"{many}-new"), device(on))
        assert not await world.are_one(user(f"{many}-0"), device(on))
    assert asked[300] <= asked[3] + 2 < 50


async def test_a_batch_merges_any_number_of_profiles_in_the_same_number_of_statements(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=1000)
    asked: dict[int, int] = {}
    for number in range(3):
        # The first batches note the fold and new names, and then know that both exist.
        await world.consume(login(f"first-{number}", -500))
    for many in (40, 80):
        names = [f"{many}-{n}" for n in range(many)]
        await world.consume(*(visit(user(name)) for name in names), *(visit(device(name)) for name in names))
        with statements(world.database) as made:
            await world.consume(*(login(name, on=name) for name in names))
        asked[many] = len(made)
        assert [await world.are_one(user(name), device(name)) for name in names] == [True] * many
    assert asked[40] == asked[80]
