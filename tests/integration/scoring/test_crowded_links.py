"""Identities with links to very many others: which links apply, and the cost."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from services.scoring.core.profiles import linking
from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.linking import Link, LinkRules, Side, partition, too_many_links
from services.scoring.store.tables import identities as known_identities
from services.scoring.store.tables import links
from shared.database.engine import Database
from shared.events import Event, Interaction, Separation
from shared.identity import Identity, by_strength
from tests.support.builders import NOON, interaction, rule
from tests.support.statements import statements
from tests.worlds.scoring import ScoringWorld

LIMITS = {"user_id": 1, "email": 2}
SEEDS = range(40)


def told_of(place: str, chance: random.Random) -> list[Event]:
    """Return events of a few people who share devices: links and a separation, in any order."""
    names = [
        Identity(kind, f"{place}-{n}") for kind in ("user_id", "twitter", "anonymous_id") for n in range(3)
    ]
    names += [Identity("email", f"{n}@{place}.example") for n in range(3)]
    told: list[Event] = [
        Interaction(
            id=f"{place}-{n}",
            type="identify",
            identities=by_strength(chance.sample(names, chance.choice((2, 2, 2, 3)))),
            occurred_at=interaction(day=chance.randrange(30)).occurred_at,
            received_at=NOON,
        )
        for n in range(chance.randrange(4, 26))
    ]
    one, other = chance.sample(names, 2)
    parts = Separation(
        id=f"parts-{place}",
        identities=(one,),
        others=(other,),
        reason="two",
        author="Olga",
        separated_at=NOON,
    )
    told += [parts] * chance.randrange(2)
    chance.shuffle(told)
    return told


def as_defined(told: Sequence[Event]) -> tuple[set[frozenset[str]], dict[tuple[str, str], str | None]]:
    """Return the persons, and the reason for each refused link, from all links taken together."""
    everyone: dict[str, Identity] = {}
    known: dict[tuple[str, str], Link] = {}
    sides: dict[str, list[Side]] = {}
    for one in told:
        if isinstance(one, Separation):
            sides = {
                one.identities[0].id: [Side(one.id, other=False)],
                one.others[0].id: [Side(one.id, other=True)],
            }
        elif isinstance(one, Interaction):
            everyone |= {identity.id: identity for identity in one.identities}
            first = one.identities[0].id
            for identity in one.identities[1:]:
                link = Link(first, identity.id, one.occurred_at, one.id)
                known[link.pair] = min(link, known.get(link.pair, link), key=lambda link: link.order)
    groups, refused = partition(everyone, known.values(), LinkRules(LIMITS, sides))
    return {frozenset(group) for group in groups}, refused


@pytest.mark.parametrize("most", [1, 2, 4])
async def test_profiles_follow_the_earliest_links_in_any_order_of_events(
    database: Database, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MAX_LINKS", most)
    world = ScoringWorld(database, LIMITS)
    ignored = 0
    for seed in SEEDS:
        chance = random.Random(seed)  # noqa: S311 - the same on every run is what is wanted
        told = told_of(f"{most}-{seed}", chance)
        persons, refused = as_defined(told)
        start = 0
        while start < len(told):
            size = chance.choice((1, 1, 2, 5, 30))
            await world.consume(*told[max(0, start - 1) : start + size])
            start += size
        mine = {identity for person in persons for identity in person}
        found: dict[str, set[str]] = {}
        for identity_id, _, _, profile_id in await world.table_rows(known_identities):
            if identity_id in mine:
                found.setdefault(profile_id, set()).add(identity_id)
        assert {min(person) for person in persons} == found.keys(), seed
        assert persons == {frozenset(person) for person in found.values()}, seed
        kept = {(row[0], row[1]): row[4] for row in await world.table_rows(links) if row[0] in mine}
        assert {pair for pair, why in kept.items() if why} == {pair for pair, why in refused.items() if why}
        # A link that is refused for several reasons has the reason that was met first.
        ignored += list(refused.values()).count(too_many_links())
    assert ignored > 50


def login(name: str, day: int = 0) -> Interaction:
    return interaction("identify", day=day, known_as={"user_id": name, "anonymous_id": "kiosk"})


async def test_an_early_login_on_a_crowded_device_loads_only_the_links_within_the_limit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MAX_LINKS", 20)
    world = ScoringWorld(database)
    await world.activate(rule("visits", 10), flip_number=1000)
    await world.consume(*(login(f"u{n}", n - 400) for n in range(300)))
    loaded: list[int] = []
    regroup = Profiles.regroup

    def counted(people: Profiles, before: Sequence[linking.Profile], groups: Any) -> Any:
        loaded.append(len(before))
        return regroup(people, before, groups)

    monkeypatch.setattr(Profiles, "regroup", counted)
    await world.consume(login("late", 0))
    assert loaded == []
    with statements(database) as made:
        await world.consume(login("first", -900))
    assert loaded == [20]
    assert len(made) < 50
    kiosk = Identity("anonymous_id", "kiosk")
    assert await world.are_one(Identity("user_id", "first"), kiosk)
    assert not await world.are_one(Identity("user_id", "u0"), kiosk)
