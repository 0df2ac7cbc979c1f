"""The tables of scoring held against a rebuild from the log, beside live scoring, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from rich.console import Console

from services.scoring.change import preparation
from services.scoring.core.counting import Adjustment
from services.scoring.corrections import Corrections, Note, Selection
from services.scoring.replay.check import check
from services.scoring.replay.snapshot import MATRICES, PROJECTIONS
from services.scoring.tables import counts, identities, ledger, links, scores, standings, traits
from shared.database.engine import Database
from shared.database.outbox import outbox, relay
from shared.database.positions import positions
from shared.errors import Misconfigured
from shared.events import INTERACTIONS, LEADS, Event, Interaction, Retraction, Separation, encode
from shared.following import Follower
from shared.identity import by_strength
from shared.ids import new_id
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from tests.builders import NOON, interaction, rule, version
from tests.builders import identities as named
from tests.e2e.flipline import ALL_IN_ONE, Flipline
from tests.e2e.flipline import settings as settings_of
from tests.e2e.processes import run
from tests.integration.scoring import World

ANA = named(email="ana@example.com")[0]
NOTE = Note("test", "ops")
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "stages": {"aware": 5, "engaged": 15},
    "traits": [{"id": "decides", "when": {"title": {"matches_any": ["director"]}}, "points": 15}],
    "inactivity": {"after": "30d", "points": -1, "every": "30d", "floor": -5},
}
RULES = (
    rule("visits", 4, limit={"times": 2, "per": "day", "by": "path"}, half_life="60d"),
    rule("downloads", 10, when={"type": "download"}, cap=30),
    rule("crawled", -1, machine="only"),
)


class Running:
    """Scoring that follows a log, and somebody who holds its tables against it."""

    def __init__(self, log: EmbeddedLog, database: Database) -> None:
        self.log = log
        self.database = database
        self.world = World(database)
        self.corrections = Corrections(self.world.scorer, self.world.clock, new_id)
        self.told = ""

    async def posted(self, *events: Event) -> None:
        records = [
            Record(
                INTERACTIONS,
                event.identities[0].id if isinstance(event, Interaction) else "corrections",
                encode(event),
            )
            for event in events
        ]
        await self.log.append(records)

    async def scored(self, *events: Event) -> None:
        """Post the events and wait until all that the log has is applied."""
        await self.posted(*events)
        following = asyncio.create_task(self.follower().run())
        async with asyncio.timeout(20):
            while await self._unread():
                await asyncio.sleep(0.005)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    def follower(self) -> Follower:
        return Follower(
            log=self.log, database=self.database, clock=self.world.clock, topic=INTERACTIONS,
            group="scoring", apply=self.world.scorer.apply, committed=lambda: None,
        )  # fmt: skip

    async def _unread(self) -> int:
        query = sa.select(positions.c.next_offset).where(positions.c.consumer == "scoring")
        async with self.database.reading() as connection:
            return await self.log.count_from(INTERACTIONS, (await connection.execute(query)).scalar() or 0)

    async def relayed(self) -> None:
        while await relay(self.database, self.log):
            pass

    async def retracted(self, identity_id: str, **selected: Any) -> None:
        async with self.database.unit() as connection:
            await self.corrections.retract(connection, identity_id, Selection(**selected), NOTE)

    async def unmerged(self, identity_id: str, **apart: str) -> None:
        async with self.database.unit() as connection:
            await self.corrections.unmerge(connection, identity_id, named(**apart), NOTE)

    async def adjusted(self, identity_id: str, points: float) -> None:
        async with self.database.unit() as connection:
            given = Adjustment("m", points, "met at a fair", "ops")
            await self.corrections.adjust(connection, identity_id, given, None)

    async def changed(self, statement: sa.Executable) -> None:
        async with self.database.unit() as connection:
            await connection.execute(statement)

    async def is_what_the_log_says(self) -> bool:
        output = StringIO()
        same = await check(
            log=self.log, database=self.database, clock=self.world.clock, group="scoring",
            identity_limits={"user_id": 1}, console=Console(file=output, width=200),
        )  # fmt: skip
        self.told = output.getvalue()
        return same

    async def written(self) -> dict[str, Sequence[Any]]:
        async with self.database.reading() as connection:
            return {
                table.name: sorted(map(repr, await connection.execute(sa.select(table))))
                for table in (*MATRICES, *PROJECTIONS, positions, outbox)
            }


@pytest.fixture
async def running(database: Database, tmp_path: Path) -> AsyncIterator[Running]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    yield Running(log, database)
    await log.close()


async def a_history(running: Running) -> None:
    """Merges, a shared device, corrections of every kind, machines, things told twice, and a new matrix."""
    await running.world.activated(*RULES, **MATRIX)
    cookie, device = {"anonymous_id": "cookie"}, {"anonymous_id": "device"}
    crawled = interaction(machine="crawler", known_as=cookie)
    first = interaction(path="/pricing", known_as=cookie)
    wrong = interaction("download", day=-2, id="wrong")
    await running.scored(first, crawled, interaction("download", day=-40, traits={"title": "Director"}))
    await running.scored(
        Retraction(
            id="early", identity=ANA, interactions=("late",), reason="bot", author="judge", retracted_at=NOON
        ),
        first,
        wrong,
        interaction("identify", day=-1, known_as=cookie | {"email": "ana@example.com"}),
        interaction("download", id="late"),
        interaction(day=-3, traits={"title": "Assistant", "phone": None}),
    )
    for who in ("u1", "u2"):
        await running.scored(
            interaction(day=-5, known_as=device | {"user_id": who}),
            *(interaction("download", day=-n, known_as={"user_id": who}) for n in range(3)),
        )
    ana = await running.world.profile_of(ANA)
    await running.retracted(ana, interaction="wrong")
    await running.adjusted(ana, 7.5)
    await running.unmerged(ana, anonymous_id="cookie")
    await running.relayed()
    await running.scored(interaction("like"))
    await running.world.activated(*RULES, rule("likes", 2, when={"type": "like"}), **MATRIX)
    await running.scored(first, wrong, interaction("like", known_as=cookie))
    await running.relayed()


async def test_after_any_history_the_tables_are_what_the_log_says(running: Running) -> None:
    await a_history(running)
    before = await running.written()
    assert {name for name, rows in before.items() if not rows} == {"outbox"}, "a history of all there is"
    assert await running.is_what_the_log_says(), running.told
    assert await running.written() == before


async def test_the_log_may_have_been_taken_in_in_any_batches(running: Running) -> None:
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


TAMPERED: dict[str, tuple[sa.Executable, str]] = {
    "a count": (sa.update(counts).where(counts.c.identity_id == ANA.id).values(counts="{}"), ANA.id),
    "a trait": (
        sa.update(traits)
        .where(traits.c.identity_id == ANA.id, traits.c.name == "title")
        .values(value='"boss"'),
        f"{ANA.id} title",
    ),
    "a link": (sa.update(links).values(refused="because"), "live refused=True / rebuilt refused=False"),
    "a link that is gone": (sa.delete(links), "live has no such row"),
    "a row of the ledger": (
        sa.update(ledger).where(ledger.c.event_id == "wrong").values(type="visit"),
        "ledger wrong: live type=visit / rebuilt type=download",
    ),
    "a row of the ledger that is gone": (
        sa.delete(ledger).where(ledger.c.event_id == "wrong"),
        "ledger wrong: live has no such row",
    ),
    "a row of the ledger that never was": (
        sa.insert(ledger).values(
            event_id="forged", identity_id=ANA.id, type="visit", occurred_at=NOON, properties="{}"
        ),
        "ledger forged: live",
    ),
    "a person": (
        sa.update(identities).where(identities.c.value == "cookie").values(profile_id=ANA.id),
        f"profile_id={ANA.id}",
    ),
    "a score": (sa.update(scores).where(scores.c.profile_id == ANA.id).values(score=99.5), "score=99.5"),
    "a lead that nobody was told of": (
        sa.insert(standings).values(
            profile_id=ANA.id, model="m", cycle=9, lead_id="lead_forged", version=1, flipped_at=NOON
        ),
        f"standings {ANA.id} m 9: live lead_id=lead_forged",
    ),
    "a lead that is gone": (sa.delete(standings), "live has no such row"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
async def test_what_somebody_wrote_behind_the_back_of_scoring_is_found_and_named(
    running: Running, what: str
) -> None:
    await a_history(running)
    statement, told = TAMPERED[what]
    await running.changed(statement)
    assert not await running.is_what_the_log_says()
    table = statement.table.name  # type: ignore[attr-defined]
    assert any(line.startswith(f"{table} ") and told in line for line in running.told.splitlines()), (
        running.told
    )


async def test_what_people_told_of_themselves_is_not_printed(running: Running) -> None:
    await a_history(running)
    await running.changed(sa.update(traits).values(value='"secret"'))
    await running.changed(sa.update(identities).values(value="secret"))
    await running.changed(sa.update(ledger).values(properties='{"a":"secret"}', source="secret"))
    assert not await running.is_what_the_log_says()
    assert "(not shown)" in running.told
    assert all(one not in running.told for one in ("secret", "Assistant", "ana@example.com", "/pricing"))


async def test_corrections_that_are_on_their_way_count_as_they_do_live(running: Running) -> None:
    """First they are in the outbox alone, then on the log ahead of what scoring has read."""
    await running.world.activated(*RULES, **MATRIX)
    known_as = {"email": "ana@example.com", "anonymous_id": "cookie"}
    await running.scored(interaction(id="wrong"), interaction("download", known_as=known_as))
    await running.retracted(ANA.id, interaction="wrong")
    await running.adjusted(ANA.id, 3)
    await running.unmerged(ANA.id, anonymous_id="cookie")
    async with running.database.reading() as connection:
        waiting = sa.select(sa.func.count()).where(outbox.c.topic == INTERACTIONS)
        assert (await connection.execute(waiting)).scalar() == 3
    assert await running.is_what_the_log_says(), running.told
    await running.relayed()
    assert await running.is_what_the_log_says(), running.told
    await running.scored()
    assert await running.is_what_the_log_says(), running.told


async def test_what_scoring_has_not_read_yet_is_no_difference(running: Running) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.scored(interaction())
    await running.posted(interaction(), interaction("download"))
    assert await running.is_what_the_log_says(), running.told
    assert "not yet read by scoring, left out: 2." in running.told


async def test_a_message_that_scoring_parked_is_left_out(running: Running) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.log.append([Record(INTERACTIONS, ANA.id, b"no event")])
    await running.scored(interaction())
    assert await running.is_what_the_log_says(), running.told
    await running.relayed()
    assert await running.is_what_the_log_says(), running.told
    assert "Dead letters of scoring, left out: 1." in running.told


async def test_scores_that_wait_for_the_timer_are_not_compared(running: Running) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.scored(interaction("download"), interaction(known_as={"email": "ben@example.com"}))
    running.world.clock.advance(days=45)
    assert await running.is_what_the_log_says(), running.told
    assert "priced again by the timer, not compared: 2." in running.told


async def test_a_lead_that_sales_never_heard_of_is_found(running: Running) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.scored(*(interaction("download", day=-n) for n in range(3)))
    assert await running.is_what_the_log_says(), "the lead waits in the outbox"
    await running.changed(sa.delete(outbox).where(outbox.c.topic == LEADS))
    assert not await running.is_what_the_log_says()
    assert f"standings {ANA.id} m 1: live lead_id=lead_" in running.told


async def test_those_kept_back_and_those_handed_over_later_are_what_the_log_says(running: Running) -> None:
    """Under two ids at first, of whom the person that they become is handed over as one."""
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


async def test_a_log_that_lost_its_end_is_found(running: Running, tmp_path: Path) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.scored(interaction(), interaction("like"))
    other = EmbeddedLog(tmp_path / "other.sqlite")
    running.log, old = other, running.log
    assert not await running.is_what_the_log_says()
    assert "The log has less than scoring has read of interactions/0" in running.told
    running.log = old
    await other.close()


async def test_scoring_goes_on_meanwhile_and_is_no_difference(running: Running) -> None:
    await running.world.activated(*RULES, **MATRIX)
    await running.scored(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(100)))
    posted = 0

    async def busy() -> None:
        nonlocal posted
        while True:
            await running.posted(
                *(interaction("download", known_as={"email": f"p{n}@example.com"}) for n in range(40))
            )
            await relay(running.database, running.log)
            posted += 40
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(busy()), asyncio.create_task(running.follower().run())]
    for _ in range(3):
        before = posted
        assert await running.is_what_the_log_says(), running.told
        assert posted > before
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in outcomes)


async def test_a_version_that_is_half_prepared_is_no_difference(running: Running) -> None:
    await a_history(running)
    shares = version(*RULES, rule("shares", when={"type": "share"}), **MATRIX)
    async with running.database.unit() as connection:
        await preparation.start(connection, replace(shares, number=3), NOON)
    await running.scored(interaction("share", known_as={"email": "ben@example.com"}))
    assert await running.is_what_the_log_says(), running.told


async def test_a_link_that_breaks_several_rules_may_be_refused_for_any_of_them(running: Running) -> None:
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
    async with running.database.reading() as connection:
        why = sa.select(links.c.refused).where(links.c.refused.is_not(None))
        assert (await connection.execute(why)).scalars().all() == ["They were separated by hand (apart)."]
    assert await running.is_what_the_log_says(), running.told


async def test_a_database_of_another_version_is_told_in_a_sentence(running: Running) -> None:
    await running.changed(sa.text("update alembic_version set version_num = '0001'"))
    with pytest.raises(Misconfigured, match="flipline migrate"):
        await running.is_what_the_log_says()


async def test_the_command_ends_with_what_it_found(tmp_path: Path) -> None:
    settings = {"FLIPLINE_DATA_DIR": str(tmp_path / "data")}
    ended, told = await run("replay", settings=settings)
    assert (ended, "--check" in told, "Traceback" in told) == (1, True, False)
    ended, told = await run("replay", "--check", settings=settings)
    assert (ended, "--data-dir" in told, "Traceback" in told) == (1, True, False)
    await run("migrate", settings=settings)
    ended, told = await run("replay", "--check", settings=settings)
    assert (ended, "Nothing differs" in told) == (0, True), told


async def test_the_command_works_beside_flipline_and_without_it(tmp_path: Path) -> None:
    given = settings_of(data_dir=str(tmp_path / "data"))
    async with Flipline(given, ALL_IN_ONE, tmp_path) as flipline:
        await flipline.activate("m", {"flip_number": 20, "rules": [rule(points=10)]})
        await flipline.post(
            *({"type": "visit", "identities": {"email": f"p{n % 50}@example.com"}} for n in range(100))
        )
        await flipline.settled()
        ended, told = await run("replay", "--check", settings=given)
        assert (ended, "Nothing differs" in told, "100 messages" in told) == (0, True, True), told
        assert await flipline.stop() == [0]
        ended, told = await run("replay", "--check", settings=given)
        assert (ended, "Nothing differs" in told) == (0, True), told
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'state.sqlite'}")
    async with database.unit() as connection:
        await connection.execute(sa.delete(counts))
    await database.close()
    ended, told = await run("replay", "--check", settings=given)
    assert (ended, "50 rows differ" in told) == (1, True), told
