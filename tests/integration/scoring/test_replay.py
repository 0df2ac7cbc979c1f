"""The tables of scoring equal a rebuild from the log, on both databases."""

import msgspec
import sqlalchemy as sa

from services.scoring.change.activation import Activation, activate
from services.scoring.store.tables import cycles, links
from shared.database.outbox import outbox
from shared.events import INTERACTIONS, Separation
from shared.identity import by_strength
from shared.log.port import Record
from tests.cast import ANA
from tests.support.builders import NOON, interaction
from tests.support.builders import identities as named
from tests.support.tables import values
from tests.worlds.replay import MATRIX, RULES, ReplayWorld, play_history


async def test_a_rebuild_gives_the_same_tables_after_a_full_history(running: ReplayWorld) -> None:
    await play_history(running)
    before = await running.all_rows()
    assert {name for name, rows in before.items() if not rows} == {"outbox"}, "a history of all there is"
    assert await running.matches_the_log(), running.printed
    assert await running.all_rows() == before


async def test_a_rebuild_gives_the_same_tables_for_any_batch_sizes(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    for n in range(30):
        await running.append(
            interaction(known_as={"anonymous_id": f"c{n % 7}", "email": f"p{n % 5}@example.com"}),
            interaction("download", known_as={"user_id": f"u{n % 3}", "anonymous_id": f"c{n % 4}"}),
        )
        if n % 4 == 0:
            await running.append_and_score()
    await running.append_and_score()
    assert await running.matches_the_log(), running.printed


async def test_a_rebuild_includes_corrections_that_scoring_has_not_read_yet(running: ReplayWorld) -> None:
    """First they are in the outbox alone, then on the log ahead of what scoring has read."""
    await running.world.activate(*RULES, **MATRIX)
    known_as = {"email": "ana@example.com", "anonymous_id": "cookie"}
    await running.append_and_score(interaction(id="wrong"), interaction("download", known_as=known_as))
    await running.retract(ANA.id, interaction="wrong")
    await running.adjust(ANA.id, 3)
    await running.unmerge(ANA.id, anonymous_id="cookie")
    waiting = sa.select(sa.func.count()).where(outbox.c.topic == INTERACTIONS)
    assert await values(running.database, waiting) == [3]
    assert await running.matches_the_log(), running.printed
    await running.relay_outbox()
    assert await running.matches_the_log(), running.printed
    await running.append_and_score()
    assert await running.matches_the_log(), running.printed


async def test_a_message_that_scoring_parked_is_left_out(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.log.append([Record(INTERACTIONS, ANA.id, b"no event")])
    await running.append_and_score(interaction())
    for _ in range(2):
        assert not await running.matches_the_log(), "a parked message has no effect yet"
        assert "Dead letters of scoring, left out: 1." in running.printed
        assert "Nothing differs" in running.printed
        await running.relay_outbox()


async def test_a_rebuild_gives_the_same_tables_with_kept_back_and_later_handed_over_profiles(
    running: ReplayWorld,
) -> None:
    """Two profiles are kept back and become one person, who is handed over once."""
    await running.world.activate(*RULES, flip_number=1000)
    cookie = {"anonymous_id": "cookie"}
    await running.append_and_score(interaction("download"), interaction("download", known_as=cookie))
    await running.world.activate(*RULES, flip_number=10, handoff="none")
    await running.relay_outbox()
    assert await running.matches_the_log(), running.printed
    await running.append_and_score(interaction("identify", known_as=cookie | {"email": "ana@example.com"}))
    diff = await running.world.activate(*RULES, flip_number=5, handoff="all")
    assert (diff.kept_back, diff.handed_over_now) == (1, 1)
    for _ in range(2):
        assert await running.matches_the_log(), running.printed
        await running.relay_outbox()


async def test_a_rebuild_gives_the_same_tables_for_retired_and_revived_models(
    running: ReplayWorld,
) -> None:
    """With a profile that was handed over by id, and one that is still kept back."""
    await running.world.activate(*RULES, flip_number=1000)
    await running.world.activate(*RULES, model="other")
    ben = {"email": "ben@example.com"}
    await running.append_and_score(interaction("download"), interaction("download", known_as=ben))
    await running.world.activate(*RULES, flip_number=10, handoff="none")
    await running.hand_over(ANA.id)
    await running.retire()
    for _ in range(2):
        assert await running.matches_the_log(), running.printed
        await running.relay_outbox()
    await running.append_and_score(interaction("download"), interaction(known_as=ben))
    assert await running.matches_the_log(), running.printed
    await activate(running.database, running.world.clock, "m", Activation("none", version=2))
    await running.append_and_score(interaction("like"))
    assert await running.matches_the_log(), running.printed
    assert [row[3] is None for row in await running.world.table_rows(cycles)].count(True) == 1


async def test_a_rebuild_accepts_any_of_several_reasons_for_a_refused_link(running: ReplayWorld) -> None:
    """The stored reason depends on what was known when the link was refused; the refusal does not."""
    one, other = (named(anonymous_id=cookie)[0] for cookie in ("c1", "c2"))
    await running.append_and_score(
        interaction(day=-2, known_as={"anonymous_id": "c1", "user_id": "u1"}),
        Separation(
            id="apart", identities=(one,), others=(other,), reason="two", author="ops", separated_at=NOON
        ),
    )
    await running.append_and_score(
        msgspec.structs.replace(interaction(), identities=by_strength([one, other]))
    )
    await running.append_and_score(interaction(day=-1, known_as={"anonymous_id": "c2", "user_id": "u2"}))
    why = sa.select(links.c.refused).where(links.c.refused.is_not(None))
    assert await values(running.database, why) == ["They were separated by hand (apart)."]
    assert await running.matches_the_log(), running.printed


async def test_a_rebuild_gives_the_same_tables_for_leads_of_unmerged_profiles(running: ReplayWorld) -> None:
    cookie = {"anonymous_id": "cookie"}
    await running.world.activate(*RULES, flip_number=10)
    await running.append_and_score(interaction("download", known_as=cookie | {"email": "ana@example.com"}))
    await running.unmerge(await running.world.profile_id(ANA), anonymous_id="cookie")
    running.world.clock.advance(days=1)
    await running.append_and_score(
        interaction("download", day=1), interaction("download", day=1, known_as=cookie)
    )
    await running.relay_outbox()
    assert len(await running.world.table_rows(cycles)) == 2
    assert await running.matches_the_log(), running.printed
