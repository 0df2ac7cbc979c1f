"""Flipline is killed in the middle of an activation: a new request continues it, and all is done once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.scoring.store.preparations import SILENT_AFTER
from services.scoring.store.tables import preparations
from shared.database.engine import Database
from shared.process.clock import SystemClock
from tests.e2e.flipline import ALL_IN_ONE, KEYS, Flipline
from tests.support.builders import rule
from tests.support.patience import PATIENCE_SECONDS, a_moment, eventually
from tests.support.tables import changed, values

PEOPLE = 4_000
MATRIX: dict[str, Any] = {"flip_number": 25, "rules": [rule("visits", 10)]}
WITH_LIKES = MATRIX | {"rules": [*MATRIX["rules"], rule("likes", 20, when={"type": "like"})]}


@pytest.fixture
async def tables(embedded_settings: dict[str, str]) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{embedded_settings['FLIPLINE_DATA_DIR']}/state.sqlite")
    yield database
    await database.close()


def deeds(kind: str, people: range) -> list[dict[str, Any]]:
    return [
        {"id": f"{kind}-{n}", "type": kind, "identities": {"email": f"p{n}@firm{n % 2}.example"}}
        for n in people
    ]


async def done(tables: Database, model: str) -> int:
    """Return the progress of an activation in its present phase; 0 also without an activation."""
    query = sa.select(preparations.c.done).where(preparations.c.model == model)
    return next(iter(await values(tables, query)), 0)


async def has_moved(tables: Database, model: str, ago: timedelta) -> None:
    """Set the last sign of life of an interrupted activation to `ago` before now."""
    moved = sa.update(preparations).where(preparations.c.model == model)
    await changed(tables, moved.values(moved_at=SystemClock().now() - ago))


async def killed_in_the_middle(flipline: Flipline, tables: Database) -> str:
    """Kill Flipline in the middle of the second activation of a model; return the model."""
    for number in count(1):
        model = f"m{number}"
        await flipline.activate(model, MATRIX)
        await flipline.ops.put(f"/v1/models/{model}/draft", WITH_LIKES)
        order = flipline.ops.post(f"/v1/models/{model}/activate", {"handoff": "all"})
        activating = asyncio.create_task(order)
        while not (activating.done() or await done(tables, model)):
            await a_moment()
        flipline.processes["up"].kill()
        (outcome,) = await asyncio.gather(activating, return_exceptions=True)
        if isinstance(outcome, httpx.TransportError) and await done(tables, model):
            return model
        # The activation ended before the process was killed.
        await flipline.start()
    raise AssertionError


async def test_an_activation_killed_in_the_middle_continues_when_requested_again(
    embedded_settings: dict[str, str], tables: Database, tmp_path: Path
) -> None:
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        for start in range(0, PEOPLE, 2_000):
            await flipline.post(*deeds("visit", range(start, start + 2_000)))
        await flipline.post(*deeds("like", range(0, PEOPLE, 4)))
        await flipline.settled()
        model = await killed_in_the_middle(flipline, tables)
        # However long the start takes, the interrupted activation must not count as abandoned.
        await has_moved(tables, model, -timedelta(hours=1))

        await flipline.start()
        (found,) = [
            item for item in (await flipline.ops.get("/v1/models"))["items"] if item["model"] == model
        ]
        assert (found["active_version"], found["activating"]) == (1, 2)
        async with httpx.AsyncClient(base_url=flipline.ops.url, timeout=PATIENCE_SECONDS) as http:
            again = await http.post(
                f"/v1/models/{model}/activate", headers={"Authorization": f"Bearer {KEYS['ops']}"}
            )
        assert again.status_code == 409
        assert "it last moved" in again.json()["message"]
        assert not (await flipline.ops.get(f"/v1/models/{model}/activation"))["stalled"]

        await has_moved(tables, model, SILENT_AFTER)
        left = await flipline.ops.get(f"/v1/models/{model}/activation")
        assert left["stalled"]
        assert left["done"] > 0
        diff = (await flipline.ops.post(f"/v1/models/{model}/activate", {"handoff": "all"}))["flip_diff"]
        assert (diff["newly_flipped"], diff["handed_over_now"]) == (PEOPLE // 4, PEOPLE // 4)
        companies = (await flipline.ops.get("/v1/companies", model=model, sort="company"))["items"]
        each = {"people": PEOPLE // 2, "score": PEOPLE // 2 * 10}
        expected = [
            {"company": "firm0.example", **each, "score": each["score"] + PEOPLE // 4 * 20, "best": 30},
            {"company": "firm1.example", **each, "best": 10},
        ]
        compared = [
            {name: company[name] for name in row} for company, row in zip(companies, expected, strict=True)
        ]
        assert compared == expected
        leads = await eventually(
            lambda: flipline.crm.pages("/v1/leads", model=model, limit=200),
            lambda found: len(found) >= PEOPLE // 4,
        )
        assert len({lead["profile_id"] for lead in leads}) == len(leads) == PEOPLE // 4
