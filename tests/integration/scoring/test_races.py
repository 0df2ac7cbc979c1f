"""Races on PostgreSQL: a transaction commits between two steps of another."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection

from services.scoring.change import activation, pages, preparation
from services.scoring.live import rescoring
from services.scoring.store import ledger
from services.scoring.store.profiles import find_one
from shared.database.copying import MANY
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import Separation, StageChanged
from shared.identity import Identity
from tests.cast import ANA, COOKIE, VISITS
from tests.support.blocked import until_it_waits
from tests.support.builders import NOON, identities, interaction, on_the_log, rule
from tests.support.meanwhile import for_works, just_before, waiting_just_before
from tests.worlds.scoring import ScoringWorld

pytestmark = pytest.mark.postgres


@pytest.fixture
async def busy(postgres_url: str) -> AsyncIterator[ScoringWorld]:
    """A world on PostgreSQL, where several write at the same time."""
    database = Database(postgres_url)
    yield ScoringWorld(database)
    await database.close()


async def test_the_timer_does_not_overwrite_a_score_that_it_has_not_seen(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy.activate(rule("visits", 10, window="10d"), flip_number=1000)
    await busy.consume(interaction(day=-8), interaction(day=-8))
    busy.clock.advance(days=5)
    just_before(monkeypatch, rescoring.scores, "read", partial(busy.consume, interaction()))
    with pytest.raises(Unavailable, match="changed the same counts"):
        await busy.rescore_due()
    assert (await busy.score_row(ANA)).score == await busy.score(ANA) == 10
    assert await busy.let_time_pass() == 0


async def test_an_activation_does_not_overwrite_a_score_that_it_has_not_seen(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy.activate(VISITS, flip_number=1000)
    await busy.consume(interaction())
    just_before(monkeypatch, preparation.scores, "add", partial(busy.consume, interaction()))
    await busy.activate(rule("visits", 11), flip_number=1000)
    assert (await busy.score_row(ANA)).score == await busy.score(ANA) == 22


@pytest.mark.parametrize("profiles", [1, MANY])
async def test_a_batch_that_waited_for_an_activation_scores_in_the_new_version(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch, profiles: int
) -> None:
    """The rows go as arrays or by COPY: one statement locks the versions, and a later one reads them."""
    await busy.activate(VISITS, flip_number=1000)
    await busy.consume(interaction())
    visits = [interaction(known_as={"email": f"p{n}@example.com"}) for n in range(profiles - 1)]
    begun = waiting_just_before(
        monkeypatch, activation, "_publish", busy.database, lambda: busy.consume(interaction(), *visits)
    )
    await busy.activate(rule("visits", 11), flip_number=1000)
    await asyncio.gather(*begun)
    kept = await busy.score_row(ANA)
    assert (kept.version, kept.score) == (2, 22)


async def test_batches_about_one_merged_profile_take_turns(busy: ScoringWorld) -> None:
    """Neither links identities, and each counts for another identity of the profile."""
    await busy.activate(VISITS, flip_number=1000)
    await busy.consume(interaction(known_as={"email": "ana@example.com", "anonymous_id": "cookie"}))
    async with busy.database.open_unit() as connection:
        of_ana = on_the_log(interaction())
        await connection.run(lambda its: busy.scorer.apply(its, of_ana))
        of_cookie = asyncio.create_task(busy.consume(interaction(known_as={"anonymous_id": "cookie"})))
        await until_it_waits(busy.database, of_cookie)
    await of_cookie
    assert (await busy.score_row(ANA)).score == await busy.score(ANA) == 30


async def test_an_unmerge_waits_for_a_batch_that_links_the_same_new_identities(busy: ScoringWorld) -> None:
    await busy.activate(VISITS, flip_number=1000)
    parts = Separation(
        id="parts", identities=(ANA,), others=(COOKIE,), reason="two", author="Olga", separated_at=NOON
    )
    both = interaction(known_as={"email": "ana@example.com", "anonymous_id": "cookie"})
    async with busy.database.open_unit() as connection:
        await connection.run(lambda its: busy.scorer.apply(its, on_the_log(both)))
        parting = asyncio.create_task(busy.consume(parts))
        await until_it_waits(busy.database, parting)
    await parting
    assert not await busy.are_one(ANA, COOKIE)


async def test_an_activation_completes_although_profiles_change_all_the_time(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more than 20 people, one of them always does something before all are counted."""
    monkeypatch.setattr(pages, "MAX_RETRIES_IN_A_ROW", 10)
    monkeypatch.setattr(pages, "RETRY_SECONDS", 0)
    await busy.activate(VISITS, flip_number=1000)
    await busy.consume(*(interaction("like", known_as={"email": f"p{n}@example.com"}) for n in range(100)))
    read = ledger.read

    async def does_something(identity_id: str) -> None:
        person = await busy.database.read(lambda connection: find_one(connection, identity_id))
        await busy.consume(
            msgspec.structs.replace(interaction("like"), identities=tuple(person.identities.values()))
        )

    then_does_something = for_works(does_something)

    def read_slowly(connection: Connection, identity_ids: Sequence[str]) -> Any:
        posted = read(connection, identity_ids)
        if len(identity_ids) > 20:
            then_does_something(identity_ids[-1])
        return posted

    monkeypatch.setattr(ledger, "read", read_slowly)
    await busy.activate(VISITS, rule("likes", 1, when={"type": "like"}), flip_number=1000)
    for n in range(100):
        who = identities(email=f"p{n}@example.com")[0]
        assert (await busy.score_row(who)).score == await busy.score(who)


async def test_a_batch_and_the_timer_do_not_both_report_a_stage_change(
    busy: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await busy.activate(rule("visits", 10, window="10d"), flip_number=1000, stages={"engaged": 8})
    await busy.consume(interaction(day=-8))
    busy.clock.advance(days=5)
    just_before(monkeypatch, rescoring.scores, "write", busy.rescore_due)
    with pytest.raises(Unavailable, match="priced the same profile"):
        await busy.consume(interaction("like"))
    await busy.consume(interaction("like"))
    assert [one.after for one in await busy.outbox_events(StageChanged)] == ["engaged", None]


async def test_moving_a_device_does_not_undo_a_concurrent_link_of_another_user(busy: ScoringWorld) -> None:
    """Ben's login was refused, so he is not part of the person with the device, but his links are read."""

    def login(name: str, day: int, **known_as: str) -> Any:
        return interaction("identify", day=day, known_as={"user_id": name, **known_as})

    await busy.activate(VISITS, flip_number=1000)
    await busy.consume(login("ana", -2, anonymous_id="kiosk"), login("ben", -1, anonymous_id="kiosk"))
    earlier = busy.consume(login("carl", -3, anonymous_id="kiosk"))
    async with busy.database.open_unit() as connection:
        ben = on_the_log(login("ben", 0, phone="12345"))
        await connection.run(lambda its: busy.scorer.apply(its, ben))
        given = asyncio.create_task(earlier)
        await until_it_waits(busy.database, given)
    with pytest.raises(Unavailable, match="linking the same identities"):
        await given
    await busy.consume(login("carl", -3, anonymous_id="kiosk"))
    kiosk = Identity("anonymous_id", "kiosk")
    assert await busy.are_one(Identity("user_id", "carl"), kiosk)
    assert await busy.are_one(Identity("user_id", "ben"), Identity("phone", "12345"))


async def test_two_workers_that_create_the_same_profile_take_turns(busy: ScoringWorld) -> None:
    await busy.activate(VISITS, flip_number=1000)
    # In empty tables the first of two batches runs alone, because it notes the fold of the tables.
    await busy.consume(interaction(known_as={"email": "ben@example.com"}))
    both = interaction(known_as={"email": "ana@example.com", "anonymous_id": "cookie"})
    async with busy.database.open_unit() as connection:
        await connection.run(lambda its: busy.scorer.apply(its, on_the_log(both)))
        second = asyncio.create_task(busy.consume(interaction()))
        await until_it_waits(busy.database, second)
    with pytest.raises(Unavailable, match="founding"):
        await second
    await busy.consume(interaction())
    assert await busy.are_one(ANA, COOKIE)
    assert await busy.score(ANA) == 20
