"""The list of leads: found by model, status, profile and time, in each order, page by page, as CSV too."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from services.handoff.payload.sorting import last_name_key
from shared.database.engine import Database
from shared.web.cursor import Keyset
from tests.support.leads import qualified
from tests.support.patience import eventually
from tests.worlds.handoff import HandoffWorld, run_handoff

START = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)
# Of each lead: last name, score, days after START. Two share name, score and instant.
LEADS = [
    ("Zúñiga", 30.0, 0), ("álvarez", 25.0, 1), ("Alvarez", 25.125, 1), ("Nunez", 27.0, 2), ("Ñandú", 27.0, 2),
    (None, 99.0, 3), ("Ørsted", 26.0, 4), ("Alvarez", 25.125, 1), ("Ибрагимова", 25.5, 5),
]  # fmt: skip


@pytest.fixture
async def world(tmp_path: Path, database: Database) -> AsyncIterator[HandoffWorld]:
    async with run_handoff(tmp_path, database) as running:
        for number, (name, score, days) in enumerate(LEADS):
            await running.append(
                qualified(
                    number,
                    score=score,
                    qualified_at=START + timedelta(days=days),
                    profile_id=f"profile_{number % 3}",
                    model="influence" if number == 4 else "marathon",
                    traits={"last_name": name} if name else {"company": "=cmd"},
                )
            )
        await eventually(lambda: running.get("/v1/leads"), lambda page: len(page["items"]) == len(LEADS))
        yield running


async def listed(world: HandoffWorld, limit: int = 200, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    params = query | {"limit": limit}
    while True:
        answer = await world.api.get("/v1/leads", params=params)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if "next_cursor" not in answer.json():
            return items
        params["cursor"] = answer.json()["next_cursor"]


async def numbers(world: HandoffWorld, **query: Any) -> list[int]:
    return [int(lead["lead_id"].removeprefix("lead_")) for lead in await listed(world, **query)]


KEYS: dict[str, Any] = {
    "qualified_at": lambda lead: (lead["qualified_at"], lead["lead_id"]),
    "score": lambda lead: (lead["score"], lead["lead_id"]),
    "last_name": lambda lead: (last_name_key(lead), lead["lead_id"]),
}


async def test_every_sort_order_lists_each_lead_once(world: HandoffWorld) -> None:
    for sort, limit in product([None, *KEYS, *(f"-{name}" for name in KEYS)], [1, 2, 200]):
        found = await listed(world, limit, **({"sort": sort} if sort else {}))
        falling = (sort or "-qualified_at").startswith("-")
        key = KEYS[(sort or "qualified_at").removeprefix("-")]
        assert found == sorted(found, key=key, reverse=falling), (sort, limit)
        assert len(found) == len(LEADS)


async def test_last_names_sort_without_case_and_accents_and_unknown_names_last(
    world: HandoffWorld,
) -> None:
    assert await numbers(world, sort="last_name") == [1, 2, 7, 4, 3, 0, 6, 8, 5]


async def test_lead_filters_can_be_combined(world: HandoffWorld) -> None:
    for query, expected in (
        ({"model": "influence"}, [4]),
        ({"status": "open", "model": "marathon", "sort": "-score"}, [5, 0, 3, 6, 8, 7, 2, 1]),
        ({"status": "won"}, []),
        ({"profile": "profile_1"}, [4, 7, 1]),
        ({"profile": "profile_1", "model": "marathon", "sort": "qualified_at"}, [1, 7]),
        ({"profile": "nobody"}, []),
        ({"since": "2026-06-04"}, [8, 6, 5]),
        ({"since": "2026-06-04T09:30:00Z", "sort": "score"}, [8, 6, 5]),
        ({"since": "2026-06-04T09:30:00.000001Z"}, [8, 6]),
        ({"since": "2026-06-04T11:30:00+02:00"}, [8, 6, 5]),
        ({"since": "2026-06-04T09:30:00"}, [8, 6, 5]),
        ({"since": "2026-06-02", "profile": "profile_0", "sort": "last_name"}, [3, 6]),
    ):
        assert await numbers(world, **query) == expected, query


async def test_leads_come_as_csv_with_person_and_company_in_columns(world: HandoffWorld) -> None:
    csv_please = {"accept": "text/csv"}
    first = await world.api.get("/v1/leads", params={"limit": 1, "sort": "-score"}, headers=csv_please)
    (row,) = csv.DictReader(io.StringIO(first.text))
    lead = await world.get("/v1/leads/lead_5")
    assert (row["lead_id"], row["score"], row["status"]) == ("lead_5", "99.0", "open")
    assert (row["person.email"], row["person.last_name"]) == ("antonio@example.com", "[not provided]")
    assert row["company.name"] == "'=cmd"
    assert (row["person.title"], row["links.lead"]) == ("", lead["links"]["lead"])
    following = first.headers["link"].partition(">")[0].removeprefix("<")
    (second,) = csv.DictReader(io.StringIO((await world.api.get(following, headers=csv_please)).text))
    assert second["lead_id"] == "lead_0"
    for path in (
        "/v1/webhooks",
        f"/v1/webhooks/{(await world.subscribe('http://127.0.0.1:9'))['id']}/deliveries",
    ):
        answer = await world.api.get(path, headers=csv_please)
        assert answer.headers["content-type"].startswith("text/csv")
        assert "secret" not in answer.text


INSTANT = START.isoformat()
REFUSED: list[tuple[dict[str, str], int, str, str]] = [
    ({"since": "yesterday"}, 422, "invalid", "query.since"),
    ({"since": "0001-01-01T00:00:00+14:00"}, 422, "invalid", "query.since"),
    ({"since": "9999-12-31"}, 422, "invalid", "query.since"),
    ({"profile": "a b"}, 422, "invalid", "query.profile"),
    ({"profile": "\0"}, 422, "invalid", "query.profile"),
    ({"sort": "points"}, 422, "invalid", "query.sort"),
    ({"source": "fair"}, 400, "parameter_unknown", "query.source"),
    ({"cursor": ""}, 400, "cursor_invalid", "cursor"),
    ({"cursor": Keyset("leads by score").write("1", "lead_1")}, 400, "cursor_invalid", "cursor"),
    ({"cursor": Keyset("leads by -qualified_at").write("noon", "lead_1")}, 400, "cursor_invalid", "cursor"),
    ({"cursor": Keyset("leads by -qualified_at").write(INSTANT[:-6], "l")}, 400, "cursor_invalid", "cursor"),
    ({"cursor": Keyset("leads by -qualified_at").write(INSTANT, "l\0")}, 400, "cursor_invalid", "cursor"),
    (
        {"sort": "score", "cursor": Keyset("leads by score").write("nan", "l")},
        400,
        "cursor_invalid",
        "cursor",
    ),
]


async def test_invalid_parameters_of_the_lead_list_are_refused_with_the_field(world: HandoffWorld) -> None:
    for query, *expected in REFUSED:
        answer = await world.api.get("/v1/leads", params=query)
        problem = answer.json()
        assert [answer.status_code, problem["code"], problem["field"]] == expected, query


async def test_leads_with_the_longest_names_can_be_sorted_and_paged(world: HandoffWorld) -> None:
    for number, letter in enumerate(("🏃", "\u0fff", '"\\', "ß", "\ufdfa")):
        name = letter * 3_000
        await world.append(qualified(100 + number, traits={"last_name": name}, model="long"))
    await eventually(lambda: listed(world), lambda found: len(found) == len(LEADS) + 5)
    found = await listed(world, 1, sort="-last_name", model="long")
    assert sorted(lead["lead_id"] for lead in found) == [f"lead_{100 + number}" for number in range(5)]
