"""The answer to a request that cannot be read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.names import SLUG_PATTERN
from shared.web.http import build_app


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    points: Annotated[int, Field(ge=1, le=1000)] = 1
    share: Annotated[float, Field(lt=0.5)] = 0


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parts: Annotated[list[Part], Field(max_length=2)] = []
    part: Part | None = None
    since: datetime | None = None
    until: date | None = None
    at: Annotated[AwareDatetime | None, Field(ge=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))] = None
    name: Annotated[str, Field(max_length=3, pattern=SLUG_PATTERN)] = "a"


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()

    @router.post("/whole")
    async def post(whole: Whole | None = None, limit: Annotated[int, Query(le=200)] = 1) -> None: ...

    @router.put("/any")
    async def put(document: dict[str, Any]) -> None: ...

    app = build_app(title="test", routers=[router], lifespan=_nothing, checks={})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def refusal_of(answer: httpx.Response) -> tuple[int, str, str | None, str]:
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, problem["code"], problem.get("field"), problem["message"]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"parts": [{"points": 1001}]}, "parts.0.points", "must be at most 1000"),
        ({"parts": [{"points": 0}]}, "parts.0.points", "must be at least 1"),
        ({"parts": [{"points": "many"}]}, "parts.0.points", "must be a whole number"),
        ({"parts": [{"share": 0.5}]}, "parts.0.share", "must be less than 0.5"),
        ({"parts": [{}] * 3}, "parts", "must have at most 2 of them"),
        ({"parts": [{"pionts": 1}]}, "parts.0.pionts", "is not known; did you mean `points`?"),
        ({"part": {"shar": 1}}, "part.shar", "is not known; did you mean `share`?"),
        ({"nmae": "x"}, "nmae", "is not known; did you mean `name`?"),
        ({"zzz": 1}, "zzz", "is not known; known are parts, part, since, until, at, name"),
        ({"name": "abcd"}, "name", "must have at most 3 characters"),
        ({"name": "A"}, "name", "must be 1 to 64 of a-z, 0-9 and _, starting with a letter"),
        (
            {"since": "soon"},
            "since",
            "must be a date or an instant, such as 2026-03-14 or 2026-03-14T12:00:00Z",
        ),
        ({"until": "soon"}, "until", "must be a date, such as 2026-03-14"),
        ({"at": "2026-01-01T00:00:00"}, "at", "must have a time zone, such as Z or +01:00"),
        ({"at": "2025-01-01T00:00:00Z"}, "at", "must be at least 2026-01-01T00:00:00Z"),
    ],
)
async def test_an_invalid_body_is_refused_in_plain_words(
    http: httpx.AsyncClient, body: Any, field: str, message: str
) -> None:
    assert refusal_of(await http.post("/whole", json=body)) == (422, "invalid", field, f"{field}: {message}")


async def test_an_invalid_parameter_or_missing_body_is_refused_in_plain_words(
    http: httpx.AsyncClient,
) -> None:
    limit = await http.post("/whole", params={"limit": 201})
    assert refusal_of(limit) == (422, "invalid", "query.limit", "query.limit: must be at most 200")
    assert refusal_of(await http.put("/any", json=[1])) == (
        422,
        "invalid",
        None,
        "The body must be an object.",
    )
    assert refusal_of(await http.put("/any")) == (422, "invalid", None, "The body is missing.")


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b'{\n "a": 1,,\n}', "json_invalid", "at line 2, column 9 (character 11)"),
        (b"{", "json_invalid", "at line 1, column 2 (character 2)"),
        (b'{"a": "\xff"}', "json_invalid", "The body is not valid UTF-8 at byte 8."),
        (b"[" * 100_000, "too_deep", "at most 500 levels are allowed"),
        (b'{"a":' + b"1" * 5_000 + b"}", "json_invalid", "more than 4,300 digits"),
    ],
)
async def test_invalid_json_is_refused_with_position_and_reason(
    http: httpx.AsyncClient, content: bytes, code: str, message: str
) -> None:
    answer = await http.put("/any", content=content, headers={"Content-Type": "application/json"})
    status, answered_code, field, answered_message = refusal_of(answer)
    assert (status, answered_code, field) == (400, code, None)
    assert message in answered_message


async def test_json_of_499_levels_is_accepted(http: httpx.AsyncClient) -> None:
    nested = b'{"a":' * 499 + b"1" + b"}" * 499
    answer = await http.put("/any", content=nested, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "came"),
    [
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "the request has application/x-www-form-urlencoded",
        ),
        ({"Content-Type": "text/plain"}, "the request has text/plain"),
        ({}, "the request has no such header"),
    ],
)
async def test_a_body_without_a_json_content_type_is_refused_with_the_right_header(
    http: httpx.AsyncClient, headers: dict[str, str], came: str
) -> None:
    for method, path in (("POST", "/whole"), ("PUT", "/any")):
        status, code, field, message = refusal_of(
            await http.request(method, path, content=b"{}", headers=headers)
        )
        assert (status, code, field) == (415, "content_type", None)
        assert "`Content-Type: application/json`" in message
        assert came in message
