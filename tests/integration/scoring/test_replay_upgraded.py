"""A database upgraded from 0001, which stored no evidence of links, compared with the log."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.live.timer import Timer
from services.scoring.rebuild import old_links
from services.scoring.store.rebuild.old_links import BEFORE
from services.scoring.store.tables import cycle_identities, effects, identities, links, scores
from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.database.schema import Instant
from shared.events import Interaction
from shared.identity import Identity
from tests.cast import ANA
from tests.integration.scoring.many_profiles import columns
from tests.support.builders import NOON, interaction
from tests.support.builders import identities as named
from tests.support.downgrades import taken_back
from tests.worlds.replay import MATRIX, RULES, ReplayWorld, open_replay

FOUNDED = NOON + timedelta(days=1)
COOKIE, PHONE, USER = (
    named(**{kind: value})[0]
    for kind, value in (("anonymous_id", "cookie"), ("phone", "12345"), ("user_id", "ana"))
)
TABLET, DEVICE, U1, U2 = (
    named(**{kind: value})[0]
    for kind, value in (
        ("anonymous_id", "tablet"),
        ("anonymous_id", "device"),
        ("user_id", "u1"),
        ("user_id", "u2"),
    )
)


def by(*who: Identity, type: str = "visit", **more: Any) -> Any:
    return interaction(type, known_as={one.kind: one.value for one in who}, **more)


async def upgraded(running: ReplayWorld, founded: datetime = FOUNDED) -> None:
    """Take the tables back to 0001 and upgrade them again, with the effects that the log has."""
    followed = await running.world.table_rows(effects)
    url = running.database.url.render_as_string(hide_password=False)
    await taken_back(url, "0001")
    profiles = sa.table("profiles", sa.column("created_at", Instant))
    await running.execute(sa.update(profiles).values(created_at=founded))
    await migrate(url)
    if followed:
        names = effects.c.keys()
        rows = [dict(zip(names, row, strict=True)) for row in followed]
        await running.execute(sa.insert(effects).values(rows))
    await running.mark_as_this_fold()
    running.world.timer = Timer(running.database, running.world.clock, lambda: None)
    await running.world.let_time_pass()


@pytest.fixture
async def running(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ReplayWorld]:
    """Upgraded with a person who flipped with one of many identities, and a device of two people."""
    monkeypatch.setattr(old_links, "PAGE", 2)
    async with open_replay(database, tmp_path) as opened:
        await opened.world.activate(*RULES, **MATRIX)
        await opened.append_and_score(*(by(ANA, type="download", day=-n) for n in range(3)))
        await opened.append_and_score(
            by(ANA, COOKIE), by(PHONE, COOKIE), by(USER, PHONE), by(Identity("email", "ben@example.com"))
        )
        await opened.append_and_score(by(U1, DEVICE), by(U2, DEVICE, day=0), by(U2))
        await opened.relay_outbox()
        assert await opened.matches_the_log(), opened.printed
        await upgraded(opened)
        yield opened


async def test_the_check_of_an_upgraded_database_finds_no_difference(running: ReplayWorld) -> None:
    old = [row for row in await running.world.table_rows(links) if row[3] == BEFORE]
    assert len(old) == 4
    before = await running.all_rows()
    assert await running.matches_the_log(), running.printed
    assert "Links from before their evidence was kept: 4; the log has evidence for each." in running.printed
    assert await running.all_rows() == before


async def test_the_check_finds_no_difference_after_later_events_in_an_upgraded_database(
    running: ReplayWorld,
) -> None:
    await running.append_and_score(
        by(ANA, COOKIE, day=2),  # reported before, when no evidence was stored
        by(ANA, COOKIE, day=-5),  # reported late
        by(USER, TABLET, day=2),  # an identity that is new to the person
        by(PHONE, TABLET, day=-5),
        by(U1, TABLET, day=3),  # refused, for a person has one user id
        by(U2, DEVICE, day=3),  # refused before and again
        by(USER, ANA, day=3, type="download"),
    )
    assert await running.matches_the_log(), running.printed
    await running.unmerge(await running.world.profile_id(ANA), anonymous_id="tablet")
    await running.relay_outbox()
    await running.append_and_score(by(TABLET, ANA, day=4), by(TABLET, day=4))
    await running.world.let_time_pass()
    assert await running.matches_the_log(), running.printed


WRONG: dict[str, tuple[list[sa.Executable], str]] = {
    "a link that came after the upgrade is gone": (
        [sa.delete(links).where(links.c.event_id == "after")], "links ",
    ),
    "a link that came after the upgrade has other evidence": (
        [sa.update(links).where(links.c.event_id == "after").values(event_id="forged")], "event_id=forged",
    ),
    "an old link joins what the log joins not": (
        [
            sa.insert(links).values(
                one_id=min(ANA.id, U2.id), other_id=max(ANA.id, U2.id), occurred_at=FOUNDED, event_id=BEFORE
            )
        ],
        f"event_id={BEFORE}",
    ),
    "an old link is refused though the log joins": (
        [sa.update(links).where(links.c.event_id == BEFORE).values(refused="because")],
        f"event_id={BEFORE}",
    ),
    "a link nobody told of": (
        [
            sa.insert(links).values(
                one_id=COOKIE.id, other_id=USER.id, occurred_at=FOUNDED, event_id="forged"
            )
        ],
        "event_id=forged",
    ),
    "somebody is another person": (
        [sa.update(identities).where(identities.c.id == U1.id).values(profile_id=U1.id)], "identities ",
    ),
    "somebody flipped who never did": (
        [sa.insert(cycle_identities).values(identity_id=U2.id, model="m", profile_id=ANA.id, cycle=1)],
        f"cycle_identities {U2.id} m {ANA.id} 1: live  / rebuilt has no such row",
    ),
    "who flipped is gone": ([sa.delete(cycle_identities)], "live has no such row"),
    "a score": ([sa.update(scores).values(score=99)], "score=99"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
async def test_a_difference_is_found_in_an_upgraded_database_too(running: ReplayWorld, what: str) -> None:
    await running.append_and_score(by(USER, TABLET, day=2, id="after"))
    assert await running.matches_the_log(), running.printed
    statements, told = WRONG[what]
    for statement in statements:
        await running.execute(statement)
    assert not await running.matches_the_log()
    assert told in running.printed


async def test_the_check_does_not_mention_old_links_in_a_database_without_old_links(
    database: Database, tmp_path: Path
) -> None:
    async with open_replay(database, tmp_path) as fresh:
        await fresh.world.activate(*RULES, **MATRIX)
        await fresh.append_and_score(by(ANA, COOKIE))
        assert await fresh.matches_the_log(), fresh.printed
        assert "Links from before" not in fresh.printed
        await fresh.execute(sa.delete(links))
        assert not await fresh.matches_the_log()


@pytest.mark.parametrize("seed", range(3))
async def test_the_check_finds_no_difference_for_a_crowd_that_continues_after_the_upgrade(
    database: Database, tmp_path: Path, seed: int
) -> None:
    """Merges and shared devices with many refused links; events come in the order of their time."""
    told = (one for one in columns(seed, people=10, deeds=120) if isinstance(one, Interaction))
    events = sorted(told, key=lambda one: one.occurred_at)
    half = len(events) // 2
    async with open_replay(database, tmp_path) as running:
        await running.world.activate(*RULES, **MATRIX)
        await running.append_and_score(*events[:half])
        await running.relay_outbox()
        await upgraded(running, founded=events[half].occurred_at)
        assert await running.matches_the_log(), running.printed
        for start in range(half, len(events), 20):
            await running.append_and_score(*events[start : start + 20])
        await running.relay_outbox()
        await running.world.let_time_pass()
        assert await running.matches_the_log(), running.printed
        assert "Links from before their evidence was kept" in running.printed
