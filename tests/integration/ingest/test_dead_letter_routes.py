"""The routes of dead letters: lists, pages, CSV, refusals, and the keys that they need."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.handoff import compose as handoff
from services.handoff.leads import model_names
from services.scoring import compose as scoring
from shared.database.engine import Database
from shared.events import INGEST, DeadLetterReplayed, Envelope
from shared.following import dead_letters
from shared.log.embedded import EmbeddedLog
from shared.web.cursor import Keyset
from tests.support.builders import NOON
from tests.support.keys import CRM_KEY, WRITE_KEY
from tests.worlds.dead_letters import DeadLettersWorld, letter, run_dead_letters

PATH = "/v1/dead-letters"
LETTERS = [
    letter("d1", refused_at=NOON, refused_by="ingest", code="type_invalid", source="/v1/events"),
    letter("d2", refused_at=NOON + timedelta(hours=1), payload='{"secret":"ana@example.com"}'),
    letter("d3", refused_at=NOON + timedelta(hours=1)),
    letter("d4", refused_at=NOON + timedelta(hours=2), refused_by="handoff", message="=1+1"),
    letter("d5", refused_at=NOON + timedelta(hours=3)),
]


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[DeadLettersWorld]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    async with run_dead_letters(log, database) as running:
        closed = DeadLetterReplayed(
            id="e", letter="d5", replayed_at=NOON + timedelta(hours=4), author="key 1"
        )
        await running.append(*LETTERS, closed)
        yield running
    await log.close()


async def test_open_dead_letters_are_listed_latest_first_without_payload(world: DeadLettersWorld) -> None:
    answer = (await world.ops.get(PATH)).json()
    assert answer.keys() == {"items"}
    assert [item["id"] for item in answer["items"]] == ["d4", "d3", "d2", "d1"]
    assert answer["items"][-1] == {
        "id": "d1", "code": "type_invalid", "message": "KeyError", "refused_at": "2026-03-14T12:00:00Z",
        "refused_by": "ingest", "source": "/v1/events", "replayed_at": None,
    }  # fmt: skip
    assert "ana@example.com" not in json.dumps(answer)


FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"refused_by": "scoring"}, ["d3", "d2"]),
    ({"code": "type_invalid"}, ["d1"]),
    ({"refused_by": "scoring", "code": "type_invalid"}, []),
    ({"since": "2026-03-14T13:00:00Z", "until": "2026-03-14T14:00:00+00:00"}, ["d3", "d2"]),
    ({"since": "2026-03-14T14:00:00"}, ["d4"]),
    ({"since": "2026-03-15"}, []),
    ({"until": "2026-03-14T14:30:00+02:00"}, ["d1"]),
    ({"replayed": "true"}, ["d5"]),
    ({"replayed": "true", "refused_by": "handoff"}, []),
    ({"refused_by": "scoring", "code": "nothing"}, []),
]


async def test_filters_narrow_the_list(world: DeadLettersWorld) -> None:
    for filters, ids in FILTERS:
        assert await world.open_ids(**filters) == ids, filters


def test_dead_letters_can_be_filtered_by_every_group() -> None:
    groups = {scoring.GROUP, handoff.GROUP, model_names.GROUP, dead_letters.GROUP}
    assert set(dead_letters.REFUSERS) == {INGEST, *groups}


async def test_a_misspelt_group_is_refused_with_a_suggestion(world: DeadLettersWorld) -> None:
    answer = await world.ops.get(PATH, params={"refused_by": "scorring"})
    assert answer.json()["code"] == "group_unknown"
    assert answer.json()["message"] == "query.refused_by: `scorring` is not known; did you mean `scoring`?"
    # From a version that had another group.
    await world.append(letter("d6", refused_by="reports"))
    assert [
        item["id"] for item in (await world.ops.get(PATH, params={"refused_by": "reports"})).json()["items"]
    ] == ["d6"]


async def test_pages_cover_all_dead_letters_including_those_of_the_same_instant(
    world: DeadLettersWorld,
) -> None:
    seen: list[str] = []
    parameters = {"limit": "1"}
    while True:
        page = (await world.ops.get(PATH, params=parameters)).json()
        seen += [item["id"] for item in page["items"]]
        if "next_cursor" not in page:
            break
        parameters["cursor"] = page["next_cursor"]
    assert seen == ["d4", "d3", "d2", "d1"]


async def test_the_list_comes_as_csv_with_a_link_to_the_next_page(world: DeadLettersWorld) -> None:
    accept = {"accept": "text/csv"}
    answer = await world.ops.get(PATH, params={"limit": 3, "code": "unhandled"}, headers=accept)
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header == ["id", "code", "message", "refused_at", "refused_by", "source", "replayed_at"]
    first = ["d4", "unhandled", "'=1+1", "2026-03-14T14:00:00Z", "handoff", "interactions/0/7", ""]
    assert (rows[0], [row[0] for row in rows]) == (first, ["d4", "d3", "d2"])
    assert "link" not in answer.headers
    answer = await world.ops.get(PATH, params={"limit": 3}, headers=accept)
    target = answer.headers["link"].partition(">")[0].removeprefix("<")
    rest = await world.ops.get(target, headers=accept)
    assert [row[0] for row in csv.reader(io.StringIO(rest.text))] == ["id", "d1"]


async def test_a_dead_letter_is_shown_with_its_payload(world: DeadLettersWorld) -> None:
    shown = (await world.ops.get(f"{PATH}/d2")).json()
    assert json.loads(shown["payload"]) == {"secret": "ana@example.com"}
    assert (shown["encoding"], shown["excerpt"], shown["envelope"]) == ("text", False, None)
    answer = await world.ops.get(f"{PATH}/d9")
    assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_unknown")


async def test_a_dead_letter_of_an_earlier_version_is_shown_without_its_write_key(
    world: DeadLettersWorld,
) -> None:
    context = {"traits": {"writeKey": "fl_write_a"}}
    kept = {"payload": "{'writeKey': 'fl_write_a'}", "envelope": Envelope(context=context)}
    await world.append(letter("d6", refused_by="ingest", source="/v1/batch", **kept))
    shown = (await world.ops.get(f"{PATH}/d6")).json()
    assert shown["payload"] == "{'writeKey': '-'}"
    assert shown["envelope"]["context"] == {"traits": {"writeKey": "-"}}


async def test_only_an_ops_key_opens_the_dead_letter_routes(world: DeadLettersWorld) -> None:
    for key in (None, WRITE_KEY, CRM_KEY, "nonsense", ""):
        headers = {"authorization": "" if key is None else f"Bearer {key}"}
        for method, path in (("GET", PATH), ("GET", f"{PATH}/d1"), ("POST", f"{PATH}/replay")):
            order = {"ids": ["d1"]} if method == "POST" else None
            answer = await world.ops.request(method, path, headers=headers, json=order)
            assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid"), (key, path)


LISTED_WRONGLY = [
    ("refusedby=scoring", 400, "query.refusedby"),
    ("refused_by=Scoring", 422, "query.refused_by"),
    ("refused_by=scorring", 400, "query.refused_by"),
    ("refused_by=%00", 422, "query.refused_by"),
    ("code=" + "x" * 65, 422, "query.code"),
    ("since=yesterday", 422, "query.since"),
    ("since=0001-01-01T00:00:00%2B14:00", 422, "query.since"),
    ("until=9999-12-31T23:59:59-14:00", 422, "query.until"),
    ("since=2026-03-15&until=2026-03-14", 400, "until"),
    ("replayed=perhaps", 422, "query.replayed"),
    ("limit=0", 422, "query.limit"),
    ("limit=201", 422, "query.limit"),
    ("cursor=nonsense", 400, "cursor"),
    ("cursor=", 400, "cursor"),
    ("cursor=" + "x" * 1_301, 400, "cursor"),
    ("cursor=" + Keyset("profiles by id").write("d1"), 400, "cursor"),
    ("cursor=" + Keyset("dead letters").write("noon", "d1"), 400, "cursor"),
    ("cursor=" + Keyset("dead letters").write("2026-03-14T12:00:00", "d1"), 400, "cursor"),
    ("cursor=" + Keyset("dead letters").write("0001-01-01T00:00:00+14:00", "d1"), 400, "cursor"),
    ("cursor=" + Keyset("dead letters").write(NOON.isoformat(), "d\0"), 400, "cursor"),
    ("cursor=" + Keyset("dead letters to replay").write(*[NOON.isoformat(), "d"] * 2), 400, "cursor"),
]


async def test_invalid_list_parameters_are_refused_with_the_field(world: DeadLettersWorld) -> None:
    for query, *expected in LISTED_WRONGLY:
        answer = await world.ops.get(f"{PATH}?{query}")
        assert [answer.status_code, answer.json()["field"]] == expected, (query, answer.text)


async def test_an_invalid_id_finds_no_dead_letter(world: DeadLettersWorld) -> None:
    for path in ("d%00", "d 1", "d" * 129, "d%2F1", "%F0%9F%98%80"):
        assert (await world.ops.get(f"{PATH}/{path}")).status_code in {404, 422}, path


REPLAYED_WRONGLY: list[tuple[Any, int, str | None]] = [
    ([], 422, None),
    (None, 422, None),
    ({"ids": None}, 422, None),
    ({"ids": []}, 422, "ids"),
    ({"ids": "d1"}, 422, "ids"),
    ({"ids": ["d1"] * 1_001}, 422, "ids"),
    ({"ids": ["d1", "\0"]}, 422, "ids.1"),
    ({"ids": [{}]}, 422, "ids.0"),
    ({"ids": ["d1"], "code": "unhandled"}, 422, None),
    ({"id": "d1"}, 422, "id"),
    ({"refused_by": ["scoring"]}, 422, "refused_by"),
    ({"refused_by": "ingst"}, 400, "refused_by"),
    ({"code": "x" * 65}, 422, "code"),
    ({"since": "soon"}, 422, "since"),
    ({"since": "2026-03-15", "until": "2026-03-14"}, 400, "until"),
    ({"cursor": "nonsense"}, 400, "cursor"),
    ({"cursor": Keyset("dead letters").write(NOON.isoformat(), "d1")}, 400, "cursor"),
    ({"cursor": "x" * 1_301}, 400, "cursor"),
]


async def test_an_invalid_replay_body_is_refused_and_replays_nothing(world: DeadLettersWorld) -> None:
    for body, *expected in REPLAYED_WRONGLY:
        answer = await world.ops.post(f"{PATH}/replay", json=body)
        assert [answer.status_code, answer.json().get("field")] == expected, (body, answer.text)
        assert await world.open_ids() == ["d4", "d3", "d2", "d1"], body


async def test_a_replay_needs_a_body(world: DeadLettersWorld) -> None:
    """A call that lost its body would otherwise replay everything."""
    assert (await world.ops.post(f"{PATH}/replay")).status_code == 422
    assert await world.open_ids() == ["d4", "d3", "d2", "d1"]


async def test_the_routes_are_documented(world: DeadLettersWorld) -> None:
    paths = (await world.ops.get("/openapi.json")).json()["paths"]
    assert {path: set(paths[path]) for path in paths if "dead-letters" in path} == {
        PATH: {"get"}, f"{PATH}/{{letter_id}}": {"get"}, f"{PATH}/replay": {"post"}
    }  # fmt: skip
    assert "text/csv" in paths[PATH]["get"]["responses"]["200"]["content"]
    assert "application/json" in paths[PATH]["get"]["responses"]["200"]["content"]
