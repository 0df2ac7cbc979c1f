"""A list over HTTP: its pages as JSON and CSV, and its description."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.responses import Response

from shared.web.cursor import MAX_LENGTH, Keyset, text
from shared.web.http import build_app
from shared.web.lists import Page, Paging, list_of

NAMES = ["ana", "bob", "eve"]
KEYSET = Keyset("names", text)


class Name(BaseModel):
    name: str
    nickname: str | None = None


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.get("/names", **list_of(Name))
    async def list_names(paging: Paging) -> Page[Name] | Response:
        after = next(iter(KEYSET.read(paging.cursor)), "")
        found = [name for name in NAMES if name > after][: paging.rows]
        names, next_cursor = paging.split(found, KEYSET.write)
        return paging.answer(Name, [Name(name=name) for name in names], next_cursor)

    app = build_app(title="test", routers=[router], lifespan=nothing, checks={})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        yield client


async def get(http: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    return (await http.get("/names", params=params)).json()


async def test_pages_follow_one_another_and_the_last_has_no_cursor(http: httpx.AsyncClient) -> None:
    first = await get(http, limit=2)
    assert [item["name"] for item in first["items"]] == ["ana", "bob"]
    last = await get(http, limit=2, cursor=first["next_cursor"])
    assert last == {"items": [{"name": "eve", "nickname": None}]}
    assert await get(http, limit=3) == await get(http)
    assert "next_cursor" not in await get(http)


async def test_the_next_page_of_csv_is_in_a_header(http: httpx.AsyncClient) -> None:
    answer = await http.get("/names", params={"limit": 2}, headers={"accept": "text/csv"})
    assert answer.text.splitlines() == ["name,nickname", "ana,", "bob,"]
    following = answer.headers["link"].partition(">")[0].removeprefix("<")
    answer = await http.get(following, headers={"accept": "text/csv"})
    assert answer.text.splitlines() == ["name,nickname", "eve,"]
    assert "link" not in answer.headers


async def test_the_description_has_an_optional_cursor_that_is_never_null(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    page = document["components"]["schemas"]["Page_Name_"]
    assert page["required"] == ["items"]
    assert page["properties"]["next_cursor"]["type"] == "string"
    parameters = {
        parameter["name"]: parameter for parameter in document["paths"]["/names"]["get"]["parameters"]
    }
    assert parameters.keys() == {"limit", "cursor"}
    cursor = parameters["cursor"]
    assert (cursor["required"], cursor["schema"]["type"]) == (False, "string")
    assert cursor["schema"]["maxLength"] == MAX_LENGTH


@pytest.mark.parametrize("cursor", ["", "nonsense", "x" * (MAX_LENGTH + 1), Keyset("others").write("ana")])
async def test_a_cursor_of_another_list_is_refused(http: httpx.AsyncClient, cursor: str) -> None:
    answer = await http.get("/names", params={"cursor": cursor})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (400, "cursor_invalid", "cursor")
