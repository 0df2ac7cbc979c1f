"""`flipline reprice` as ops uses it: beside a running Flipline, without one, and where it cannot work."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from services.scoring.store.tables import scores
from shared.database.engine import Database
from shared.database.migrations import alembic_config
from tests.e2e.flipline import ALL_IN_ONE, Flipline
from tests.e2e.flipline import settings as settings_of
from tests.e2e.processes import run
from tests.support.builders import rule
from tests.support.tables import changed


async def test_reprice_works_with_and_without_a_running_flipline(tmp_path: Path) -> None:
    given = settings_of(data_dir=str(tmp_path / "data"))
    async with Flipline(given, ALL_IN_ONE, tmp_path) as flipline:
        await flipline.activate("m", {"flip_number": 20, "rules": [rule(points=10)]})
        await flipline.post(
            *({"type": "visit", "identities": {"email": f"p{n % 50}@example.com"}} for n in range(100))
        )
        await flipline.settled()
        await wronged(tmp_path / "data")
        exit_code, printed = await run("reprice", "--yes", settings=given)
        assert (exit_code, "Profiles priced: 50. Scores that changed: 50." in printed) == (0, True), printed
        assert "New leads: none." in printed
        await flipline.settled()
        assert await flipline.stop() == [0]
    exit_code, printed = await run("replay", "--check", settings=given)
    assert (exit_code, "Nothing differs" in printed) == (0, True), printed
    await wronged(tmp_path / "data")
    exit_code, printed = await run("reprice", "--model", "m", "--yes", settings=given)
    assert (exit_code, "Scores that changed: 50." in printed) == (0, True), printed
    exit_code, printed = await run("reprice", "--yes", settings=given)
    assert (exit_code, "Scores that changed: 0." in printed) == (0, True), printed


async def wronged(data_dir: Path) -> None:
    """Store scores as a process with a wrong clock would."""
    database = Database(f"sqlite:///{data_dir / 'state.sqlite'}")
    await changed(database, sa.update(scores).values(score=0, state="below", due_on=None))
    await database.close()


async def test_reprice_reports_in_one_sentence_why_it_cannot_work(tmp_path: Path) -> None:
    settings = {"FLIPLINE_DATA_DIR": str(tmp_path / "data")}
    for given, reason in ((("--yes",), "--data-dir"), ((), "--data-dir")):
        exit_code, printed = await run("reprice", *given, settings=settings)
        assert (exit_code, reason in printed, "Traceback" in printed) == (1, True, False), printed
    await run("migrate", settings=settings)
    refused = {
        (): "Add --yes",
        ("--yes", "--model", "none"): "no active model none",
    }
    for given, reason in refused.items():
        exit_code, printed = await run("reprice", *given, settings=settings)
        assert (exit_code, reason in printed, "Traceback" in printed) == (1, True, False), printed
    exit_code, printed = await run("reprice", "--yes", settings=settings)
    assert (exit_code, "Profiles priced: 0." in printed) == (0, True), printed
    url = f"sqlite:///{tmp_path / 'data' / 'state.sqlite'}"
    await asyncio.to_thread(command.downgrade, alembic_config(url), "0002")
    exit_code, printed = await run("reprice", "--yes", settings=settings)
    assert (exit_code, "does not have the schema" in printed, "Traceback" in printed) == (1, True, False), (
        printed
    )
