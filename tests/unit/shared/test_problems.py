"""What callers are told when something goes wrong that nobody foresaw."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import APIRouter, FastAPI

from shared.http import build_app


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


async def test_an_unforeseen_error_is_a_problem_that_tellsnothing_of_our_inside() -> None:
    router = APIRouter()

    @router.get("/breaks")
    async def breaks() -> None:
        raise RuntimeError("a secret of ours")

    app = build_app(title="test", routers=[router], lifespan=nothing, checks={})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/breaks")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
