"""The answer to a request that a bug ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.web.direct import DirectRoute
from shared.web.http import build_app


@asynccontextmanager
async def nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("route", [APIRoute, DirectRoute])
async def test_an_unexpected_exception_is_a_problem_without_internals(route: type[APIRoute]) -> None:
    router = APIRouter(route_class=route)

    @router.post("/breaks")
    async def breaks(_request: Request) -> Response:
        raise RuntimeError("a secret of ours")

    app = build_app(title="test", routers=[router], lifespan=nothing, checks={})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/breaks")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
