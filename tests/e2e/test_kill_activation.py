"""Flipline is killed in the middle of an activation: who asks is told, goes on, and all is done once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from services.scoring.change.preparation import SILENT_AFTER
from services.scoring.tables import preparations
from shared.database.engine import Database
from tests.builders import rule
from tests.e2e.flipline import ALL_IN_ONE, KEYS, Flipline
from tests.patience import PATIENCE_SECONDS, eventually

PEOPLE = 6_000
MATRIX: dict[str, Any] = {"flip_number": 25, "rules": [rule("visits", 10)]}
WITH_LIKES = MATRIX | {"rules": [*MATRIX["rules"], rule("likes", 20, when={"type": "like"})]}
ACTIVATION = "/v1/models/m/activation"


def deeds(kind: str, people: range) -> list[dict[str, Any]]:
    return [
        {"id": f"{kind}-{n}", "type": kind, "identities": {"email": f"p{n}@firm{n % 2}.example"}}
        for n in people
    ]


async def let_pass(settings: dict[str, str], silence: timedelta) -> None:
    """Have the activation that was left be silent for so much longer, which nobody wants to wait for."""
    database = Database(f"sqlite+aiosqlite:///{settings['FLIPLINE_DATA_DIR']}/state.sqlite")
    async with database.unit() as connection:
        (moved_at,) = (await connection.execute(sa.select(preparations.c.moved_at))).one()
        await connection.execute(sa.update(preparations).values(moved_at=moved_at - silence))
    await database.close()


async def test_killed_in_the_middle_of_an_activation_it_goes_on_when_asked_again(
    embedded_settings: dict[str, str], tmp_path: Path
) -> None:
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        await flipline.activate("m", MATRIX)
        for start in range(0, PEOPLE, 2_000):
            await flipline.post(*deeds("visit", range(start, start + 2_000)))
        await flipline.post(*deeds("like", range(0, PEOPLE, 4)))
        await flipline.settled()
        await flipline.ops.put("/v1/models/m/draft", WITH_LIKES)
        activating = asyncio.create_task(flipline.ops.post("/v1/models/m/activate", {"handoff": "all"}))
        await eventually(
            lambda: flipline.ops.get("/v1/models"), lambda told: told["items"][0]["activating"] == 2
        )
        await eventually(lambda: flipline.ops.get(ACTIVATION), lambda told: told["done"] > 0)
        flipline.processes["up"].kill()
        with pytest.raises(httpx.TransportError):
            await activating

        await flipline.start()
        (model,) = (await flipline.ops.get("/v1/models"))["items"]
        assert (model["active_version"], model["activating"]) == (1, 2)
        async with httpx.AsyncClient(base_url=flipline.ops.url, timeout=PATIENCE_SECONDS) as http:
            again = await http.post(
                "/v1/models/m/activate", headers={"Authorization": f"Bearer {KEYS['ops']}"}
            )
        assert again.status_code == 409
        assert "it last moved" in again.json()["message"]
        assert not (await flipline.ops.get(ACTIVATION))["stalled"]

        await let_pass(embedded_settings, SILENT_AFTER)
        left = await flipline.ops.get(ACTIVATION)
        assert left["stalled"]
        assert left["done"] > 0
        diff = (await flipline.ops.post("/v1/models/m/activate", {"handoff": "all"}))["flip_diff"]
        assert (diff["newly_flipped"], diff["handed_over_now"]) == (PEOPLE // 4, PEOPLE // 4)
        companies = (await flipline.ops.get("/v1/companies", model="m", sort="company"))["items"]
        each = {"people": PEOPLE // 2, "score": PEOPLE // 2 * 10}
        assert companies == [
            {"company": "firm0.example", **each, "score": each["score"] + PEOPLE // 4 * 20, "best": 30},
            {"company": "firm1.example", **each, "best": 10},
        ]
        leads = await eventually(
            lambda: flipline.crm.pages("/v1/leads", limit=200), lambda found: len(found) >= PEOPLE // 4
        )
        assert len({lead["profile_id"] for lead in leads}) == len(leads) == PEOPLE // 4
