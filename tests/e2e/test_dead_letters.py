"""A message that its group had to park is listed, replayed after a repair, and counted once."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.events import decode, key_of
from tests.e2e.flipline import ALL_IN_ONE, KEYS, Door, Flipline
from tests.e2e.processes import run
from tests.support.builders import rule
from tests.support.patience import eventually
from tests.support.tables import changed

# Real processes on a busy machine take their time.
pytestmark = pytest.mark.timeout(600)

MODEL = "m"
MATRIX = {
    "flip_number": 10,
    "stages": {"aware": 1},
    "rules": [rule("cures", 10, when={"type": "cursed"}), rule("visits", 1)],
}
ANA = {"email": "ana@example.com"}
CURSED = {"id": "c1", "type": "cursed", "identities": ANA}


def database_url(flipline: Flipline) -> str:
    directory = Path(flipline.settings["FLIPLINE_DATA_DIR"]).resolve()
    return flipline.settings.get("FLIPLINE_DATABASE_URL", f"sqlite:///{directory / 'state.sqlite'}")


@asynccontextmanager
async def a_ledger_that_refuses(type: str, url: str) -> AsyncIterator[None]:
    """Let the ledger refuse one type of interaction, as a fault of the data alone, until the context ends."""
    on_sqlite = url.startswith("sqlite")
    database = Database(url)

    async def execute(statement: str) -> None:
        await changed(database, sa.text(statement))

    await execute(
        f"create trigger curse before insert on ledger when new.type = '{type}' "
        "begin select raise(abort, 'cursed'); end"
        if on_sqlite
        else f"alter table ledger add constraint curse check (type <> '{type}')"
    )
    try:
        yield
    finally:
        await execute("drop trigger curse" if on_sqlite else "alter table ledger drop constraint curse")
        await database.close()


@asynccontextmanager
async def letters_door(flipline: Flipline) -> AsyncIterator[Door]:
    """The API of ingest with a key of ops."""
    async with Door(flipline.write.url, KEYS["ops"]) as door:
        yield door


async def open_ids(door: Door) -> list[str]:
    page = await door.get("/v1/dead-letters", refused_by="scoring")
    return [item["id"] for item in page["items"]]


async def replay(door: Door, **order: Any) -> dict[str, Any]:
    return await door.post("/v1/dead-letters/replay", order)


async def test_a_replay_after_the_cause_is_fixed_counts_a_parked_message_once(flipline: Flipline) -> None:
    await flipline.activate(MODEL, MATRIX)
    async with letters_door(flipline) as door:
        async with a_ledger_that_refuses("cursed", database_url(flipline)):
            await flipline.post(CURSED, {"id": "v1", "type": "visit", "identities": ANA})
            await flipline.scored("email", "ana@example.com", MODEL, 1)
            (first,) = await eventually(lambda: open_ids(door))
            # The cause is not mended yet: the message is parked once more, as another letter.
            assert (await replay(door, ids=[first]))["replayed"] == 1
            (second,) = await eventually(lambda: open_ids(door), lambda ids: ids not in ([], [first]))
            exit_code, printed = await run("replay", "--check", settings=flipline.settings)
            assert exit_code == 1, printed
            assert "Messages that consumer groups have parked: 1." in printed
        assert (await replay(door, refused_by="scoring"))["replayed"] == 1
        await flipline.scored("email", "ana@example.com", MODEL, 11)
        answer = await replay(door, ids=[first, second])
        assert (answer["replayed"], answer["already_replayed"]) == (0, 2)
        assert await open_ids(door) == []
    # A later event has to be counted before "once" proves anything.
    await flipline.post(CURSED, {"id": "v2", "type": "visit", "identities": ANA})
    profile = await flipline.scored("email", "ana@example.com", MODEL, 12)
    timeline = await flipline.ops.pages(f"/v1/profiles/{profile['id']}/timeline")
    assert sorted(entry["id"] for entry in timeline) == ["c1", "v1", "v2"]
    leads = await eventually(lambda: flipline.crm.pages("/v1/leads", model=MODEL))
    assert len(leads) == 1
    exit_code, printed = await run("replay", "--check", settings=flipline.settings)
    assert exit_code == 0, printed


async def test_every_record_on_the_log_has_the_key_that_a_replay_would_use(
    embedded_settings: dict[str, str], tmp_path: Path
) -> None:
    """Events with one key keep their order; under another key they could be read in any order."""
    async with Flipline(embedded_settings, ALL_IN_ONE, tmp_path) as flipline:
        await flipline.activate(MODEL, MATRIX)
        await flipline.post(CURSED | {"identities": ANA | {"anonymous_id": "cookie"}})
        profile = await flipline.scored("email", "ana@example.com", MODEL, 10)
        path = f"/v1/profiles/{profile['id']}"
        await flipline.ops.post(f"{path}/adjustments", {"model": MODEL, "points": 2, "reason": "fair"})
        await flipline.ops.post(f"{path}/retractions", {"interaction": "c1", "reason": "test"})
        apart = {"identities": [{"kind": "anonymous_id", "value": "cookie"}], "reason": "test"}
        await flipline.ops.post(f"{path}/unmerge", apart)
        await flipline.write.post("/v1/events", [7])
        async with letters_door(flipline) as door:

            async def refused() -> list[Any]:
                return (await door.get("/v1/dead-letters"))["items"]

            await eventually(refused)
        log = sqlite3.connect(Path(embedded_settings["FLIPLINE_DATA_DIR"]) / "log.sqlite")

        async def on_the_log() -> dict[str, set[str]]:
            found: dict[str, set[str]] = {}
            for key, value in log.execute("select key, value from record"):
                event = decode(value)
                assert key == key_of(event)
                found.setdefault(type(event).__name__, set()).add(key)
            return found

        expected = {
            "Interaction", "Retraction", "Separation", "ModelDrafted", "MatrixActivated", "LeadQualified",
            "StageChanged", "DeadLetter",
        }  # fmt: skip
        await eventually(on_the_log, lambda found: found.keys() == expected)
        log.close()
