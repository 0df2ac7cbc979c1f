"""Lists without a bound come page by page, as JSON and as CSV: links, versions, models, timelines."""

import csv
import io
import json
from typing import Any

from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld


async def paged(scoring: ScoringHttpWorld, path: str, limit: int, **params: Any) -> list[Any]:
    pages = [page async for page in scoring.pages(path, limit=limit, **params)]
    assert all(len(page) == limit for page in pages[:-1])
    return [item for page in pages for item in page]


async def browsers(scoring: ScoringHttpWorld, *numbers: int) -> None:
    """Ana comes with each of the browsers, two of them at one instant."""
    await scoring.consume(
        *(
            interaction(
                day=-(number // 2),
                id=f"e{number:03}",
                known_as={"email": "ana@example.com", "anonymous_id": f"b{number}"},
            )
            for number in numbers
        )
    )


async def test_the_links_of_a_profile_with_many_identities_come_in_pages(scoring: ScoringHttpWorld) -> None:
    await browsers(scoring, *range(61))
    path = f"{await scoring.profile_path()}/links"
    first = await scoring.get(path)
    assert (len(first["items"]), "next_cursor" in first) == (50, True)
    links = await paged(scoring, path, 7)
    assert links == (await scoring.get(path, limit=200))["items"]
    assert sorted(one["event_id"] for one in links) == [f"e{number:03}" for number in range(61)]
    order = [(one["occurred_at"], one["event_id"]) for one in links]
    assert order == sorted(order)


async def test_links_made_between_two_pages_do_not_shift_other_links(scoring: ScoringHttpWorld) -> None:
    await browsers(scoring, *range(0, 20, 2))
    path = f"{await scoring.profile_path()}/links"
    before = [one["event_id"] for one in (await scoring.get(path))["items"]]
    seen: list[str] = []
    number = 1
    async for page in scoring.pages(path, limit=3):
        seen += [one["event_id"] for one in page]
        await browsers(scoring, number)
        number += 2
        path = f"{await scoring.profile_path()}/links"
    assert [one for one in seen if one in before] == before
    assert len(seen) == len(set(seen))


async def test_versions_and_activations_come_in_pages_the_latest_first(scoring: ScoringHttpWorld) -> None:
    for points in range(1, 8):
        await scoring.activate_document(MARATHON | {"rules": [rule("visits", points)]})
    await scoring.post("/v1/models/m/activate", {"version": 1})
    versions = await paged(scoring, "/v1/models/m/versions", 3)
    assert [one["version"] for one in versions] == [7, 6, 5, 4, 3, 2, 1]
    assert [one["version"] for one in versions if one["active"]] == [1]
    activations = await paged(scoring, "/v1/models/m/activations", 3)
    assert [one["version"] for one in activations] == [1, 7, 6, 5, 4, 3, 2, 1]
    assert (await scoring.get("/v1/models/m/versions/4")) == versions[3]


async def test_models_come_in_pages_by_name(scoring: ScoringHttpWorld) -> None:
    names = [f"m_{number}" for number in range(5)]
    for name in reversed(names):
        await scoring.put(f"/v1/models/{name}/draft", MARATHON)
    assert [one["model"] for one in await paged(scoring, "/v1/models", 2)] == names


async def test_every_list_comes_as_csv_page_by_page(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.activate_document(MARATHON | {"flip_number": 30})
    await scoring.activate_document(model="other")
    await browsers(scoring, 0, 1, 2)
    await scoring.consume(interaction(known_as={"email": "bob@firm.example"}))
    profile = await scoring.profile_path()
    for path, params in (
        ("/v1/profiles", {}),
        ("/v1/profiles", {"model": "m", "sort": "-score"}),
        ("/v1/companies", {"model": "m"}),
        ("/v1/models", {}),
        ("/v1/models/m/versions", {}),
        ("/v1/models/m/activations", {}),
        (f"{profile}/links", {}),
        (f"{profile}/timeline", {}),
    ):
        items = (await scoring.get(path, **params))["items"]
        told = await told_in_csv(scoring, path, params)
        assert told == [as_csv(item) for item in items], path
        assert len(told) >= 2, path
    documented = (await scoring.get("/openapi.json"))["paths"]
    lists = [one["get"] for one in documented.values() if "cursor" in json.dumps(one.get("get", {}))]
    assert len(lists) == 8
    assert all("text/csv" in one["responses"]["200"]["content"] for one in lists)


async def told_in_csv(scoring: ScoringHttpWorld, path: str, params: dict[str, str]) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    answer = await scoring.http.get(path, params=params | {"limit": "1"}, headers={"accept": "text/csv"})
    while True:
        assert answer.headers["content-type"].startswith("text/csv")
        rows += csv.DictReader(io.StringIO(answer.text))
        if "link" not in answer.headers:
            return rows
        following = answer.headers["link"].partition(">")[0].removeprefix("<")
        answer = await scoring.http.get(following, headers={"accept": "text/csv"})


def as_csv(item: dict[str, Any]) -> dict[str, str]:
    def cell(value: Any) -> str:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return "" if value is None else str(value)

    return {name: cell(value) for name, value in item.items()}
