"""A rebuild beside live scoring, and the command that makes it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from services.scoring.change import preparation
from services.scoring.store.tables import counts
from shared.database.engine import Database
from shared.database.outbox import relay
from shared.process.pulse import Pulse
from tests.e2e.flipline import ALL_IN_ONE, Flipline
from tests.e2e.flipline import settings as settings_of
from tests.e2e.processes import run
from tests.support.builders import NOON, interaction, rule, version
from tests.support.patience import eventually
from tests.support.tables import changed
from tests.worlds.replay import MATRIX, RULES, ReplayWorld, play_history


async def test_a_check_ignores_events_that_scoring_has_not_read_yet(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.append_and_score(interaction())
    await running.append(interaction(), interaction("download"))
    assert await running.matches_the_log(), running.printed
    assert "not yet read by scoring, left out: 2." in running.printed


async def test_a_check_does_not_compare_scores_that_are_due(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.append_and_score(
        interaction("download"), interaction(known_as={"email": "ben@example.com"})
    )
    running.world.clock.advance(days=45)
    assert await running.matches_the_log(), running.printed
    assert "priced again by the timer, not compared: 2." in running.printed


async def test_a_check_during_live_scoring_finds_no_difference(running: ReplayWorld) -> None:
    await running.world.activate(*RULES, **MATRIX)
    await running.append_and_score(
        *(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(100))
    )
    posted = 0

    async def busy() -> None:
        nonlocal posted
        while True:
            await running.append(
                *(interaction("download", known_as={"email": f"p{n}@example.com"}) for n in range(40))
            )
            await relay(running.database, running.log)
            posted += 40
            # Never far ahead of scoring, or a slow machine would have ever more to check.
            await eventually(running.unread_count, lambda unread: unread < 40)

    tasks = [asyncio.create_task(busy()), asyncio.create_task(running.follower().run(Pulse()))]
    looks_beside = 0
    while looks_beside < 3:
        before = posted
        assert await running.matches_the_log(), running.printed
        looks_beside += posted > before
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in outcomes)


async def test_a_check_ignores_a_half_prepared_version(running: ReplayWorld) -> None:
    await play_history(running)
    shares = version(*RULES, rule("shares", when={"type": "share"}), **MATRIX)
    await running.database.unit(
        lambda connection: preparation.start(connection, replace(shares, number=3), NOON)
    )
    await running.append_and_score(interaction("share", known_as={"email": "ben@example.com"}))
    assert await running.matches_the_log(), running.printed


async def test_the_exit_code_of_the_check_shows_whether_it_succeeded(tmp_path: Path) -> None:
    settings = {"FLIPLINE_DATA_DIR": str(tmp_path / "data")}
    ended, told = await run("replay", settings=settings)
    assert (ended, "--check" in told, "Traceback" in told) == (1, True, False)
    ended, told = await run("replay", "--check", settings=settings)
    assert (ended, "--data-dir" in told, "Traceback" in told) == (1, True, False)
    await run("migrate", settings=settings)
    ended, told = await run("replay", "--check", settings=settings)
    assert (ended, "Nothing differs" in told) == (0, True), told


async def test_the_check_command_works_with_and_without_a_running_flipline(tmp_path: Path) -> None:
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
    database = Database(f"sqlite:///{tmp_path / 'data' / 'state.sqlite'}")
    await changed(database, sa.delete(counts))
    await database.close()
    ended, told = await run("replay", "--check", settings=given)
    assert (ended, "50 rows differ" in told) == (1, True), told
