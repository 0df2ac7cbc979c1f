"""The tables of scoring are what a rebuild from the log comes to, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from services.scoring.change.activation import Activation, activate
from services.scoring.store.tables import links, standings
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import INTERACTIONS, Separation
from shared.identity import by_strength
from shared.log.port import Record
from tests.support.builders import NOON, interaction
from tests.support.builders import identities as named
from tests.support.tables import values
from tests.worlds.replay import ANA, MATRIX, RULES, ReplayWorld, open_replay, play_history


@pytest.fixture
async def running(database: Database, tmp_path: Path) -> AsyncIterator[ReplayWorld]:
    async with open_replay(database, tmp_path) as opened:
        yield opened


async def test_after_any_history_the_tables_are_what_the_log_says(running: ReplayWorld) -> None:
    await play_history(running)
    before = await running.written()
    assert {name for name, rows in before.items() if not rows} == {"outbox"}, "a history of all there is"
    assert await running.is_what_the_log_says(), running.told
    assert await running.written() == before


async def test_the_log_may_have_been_taken_in_in_any_batches(running: ReplayWorld) -> None:
    await running.world.activated(*RULES, **MATRIX)
    for n in range(30):
        await running.posted(
            interaction(known_as={"anonymous_id": f"c{n % 7}", "email": f"p{n % 5}@example.com"}),
            interaction("download", known_as={"user_id": f"u{n % 3}", "anonymous_id": f"c{n % 4}"}),
        )
        if n % 4 == 0:
            await running.scored()
    await running.scored()
    assert await running.is_what_the_log_says(), running.told


async def test_corrections_that_are_on_their_way_count_as_they_do_live(running: ReplayWorld) -> None:
    """First they are in the outbox alone, then on the log ahead of what scoring has read."""
    await running.world.activated(*RULES, **MATRIX)
    known_as = {"email": "ana@example.com", "anonymous_id": "cookie"}
    await running.scored(interaction(id="wrong"), interaction("download", known_as=known_as))
    await running.retracted(ANA.id, interaction="wrong")
    await running.adjusted(ANA.id, 3)
    await running.unmerged(ANA.id, anonymous_id="cookie")
    waiting = sa.select(sa.func.count()).where(outbox.c.topic == INTERACTIONS)
    assert await values(running.database, waiting) == [3]
    assert await running.is_what_the_log_says(), running.told
    await running.relayed()
    assert await running.is_what_the_log_says(), running.told
    await running.scored()
    assert await running.is_what_the_log_says(), running.told


async def test_a_message_that_scoring_parked_is_left_out(running: ReplayWorld) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.log.append([Record(INTERACTIONS, ANA.id, b"no event")])
    await running.scored(interaction())
    for _ in range(2):
        assert not await running.is_what_the_log_says(), "a parked message has no effect yet"
        assert "Dead letters of scoring, left out: 1." in running.told
        assert "Nothing differs" in running.told
        await running.relayed()


async def test_those_kept_back_and_those_handed_over_later_are_what_the_log_says(
    running: ReplayWorld,
) -> None:
    """Two profiles are kept back and become one person, who is handed over once."""
    await running.world.activated(*RULES, flip_number=1000)
    cookie = {"anonymous_id": "cookie"}
    await running.scored(interaction("download"), interaction("download", known_as=cookie))
    await running.world.activated(*RULES, flip_number=10, handoff="none")
    await running.relayed()
    assert await running.is_what_the_log_says(), running.told
    await running.scored(interaction("identify", known_as=cookie | {"email": "ana@example.com"}))
    diff = await running.world.activated(*RULES, flip_number=5, handoff="all")
    assert (diff.kept_back, diff.handed_over_now) == (1, 1)
    for _ in range(2):
        assert await running.is_what_the_log_says(), running.told
        await running.relayed()


async def test_of_a_model_that_was_retired_and_of_one_revived_the_tables_are_what_the_log_says(
    running: ReplayWorld,
) -> None:
    """With one who was handed over by name, and one who still is kept back."""
    await running.world.activated(*RULES, flip_number=1000)
    await running.world.activated(*RULES, model="other")
    ben = {"email": "ben@example.com"}
    await running.scored(interaction("download"), interaction("download", known_as=ben))
    await running.world.activated(*RULES, flip_number=10, handoff="none")
    await running.handed_over(ANA.id)
    await running.retired()
    for _ in range(2):
        assert await running.is_what_the_log_says(), running.told
        await running.relayed()
    await running.scored(interaction("download"), interaction(known_as=ben))
    assert await running.is_what_the_log_says(), running.told
    await activate(running.database, running.world.clock, "m", Activation("none", version=2))
    await running.scored(interaction("like"))
    assert await running.is_what_the_log_says(), running.told
    assert [row[3] is None for row in await running.world.rows(standings)].count(True) == 1


async def test_a_link_that_breaks_several_rules_may_be_refused_for_any_of_them(running: ReplayWorld) -> None:
    """Which one is told depends on what was known when it was refused; that it is refused does not."""
    one, other = (named(anonymous_id=cookie)[0] for cookie in ("c1", "c2"))
    await running.scored(
        interaction(day=-2, known_as={"anonymous_id": "c1", "user_id": "u1"}),
        Separation(
            id="apart", identities=(one,), others=(other,), reason="two", author="ops", separated_at=NOON
        ),
    )
    await running.scored(msgspec.structs.replace(interaction(), identities=by_strength([one, other])))
    await running.scored(interaction(day=-1, known_as={"anonymous_id": "c2", "user_id": "u2"}))
    why = sa.select(links.c.refused).where(links.c.refused.is_not(None))
    assert await values(running.database, why) == ["They were separated by hand (apart)."]
    assert await running.is_what_the_log_says(), running.told


async def test_leads_of_who_was_parted_are_what_the_log_says(running: ReplayWorld) -> None:
    cookie = {"anonymous_id": "cookie"}
    await running.world.activated(*RULES, flip_number=10)
    await running.scored(interaction("download", known_as=cookie | {"email": "ana@example.com"}))
    await running.unmerged(await running.world.profile_of(ANA), anonymous_id="cookie")
    running.world.clock.advance(days=1)
    await running.scored(interaction("download", day=1), interaction("download", day=1, known_as=cookie))
    await running.relayed()
    assert len(await running.world.rows(standings)) == 2
    assert await running.is_what_the_log_says(), running.told
