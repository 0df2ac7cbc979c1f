"""A request without a key is refused before its body is read."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import Message

from shared.strict import Strict
from shared.web.auth import KeyRing, Requires
from shared.web.direct import DirectRoute
from shared.web.http import Application, build_app
from shared.web.keyed import KeyedRoute, keys_of
from tests.support.keys import CRM_KEY, WRITE_KEY
from tests.unit.shared.web.test_problems import nothing
from tests.worlds.all_services import compose_all_services


@pytest.fixture
async def app(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Application]:
    async with compose_all_services(sqlite_url, tmp_path) as composed:
        yield composed


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    routes = (route for route in app.routes if isinstance(route, APIRoute))
    yield from (
        route for route in routes if route.path.startswith("/v1/") and not isinstance(route, DirectRoute)
    )


def path_of(route: APIRoute) -> str:
    return route.path.format_map(dict.fromkeys(route.param_convertors, "x"))


async def call(app: FastAPI, method: str, path: str, key: str, body: AsyncIterator[Message]) -> Message:
    """Call an application as a server does; return the start of its answer."""
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": b"unknown=1", "headers": headers, "root_path": "",
        "scheme": "http", "server": ("test", 80), "client": ("test", 1), "state": {},
    }  # fmt: skip
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, body.__anext__, send)
    return sent[0]


async def unread() -> AsyncIterator[Message]:
    raise AssertionError("the body was read")
    yield


async def test_no_route_reads_the_body_of_a_request_without_a_valid_key(app: Application) -> None:
    routes = list(api_routes(app))
    assert len(routes) > 30
    for route in routes:
        for method in route.methods or ():
            for key in ("", WRITE_KEY):
                start = await call(app, method, path_of(route), key, unread())
                assert start["status"] == 401, (method, route.path, key)


async def test_an_ops_route_refuses_a_crm_key_before_reading_the_body(app: Application) -> None:
    for method, path in (
        ("PUT", "/v1/models/m/draft"),
        ("POST", "/v1/models/m/activate"),
        ("POST", "/v1/profiles/p/retractions"),
    ):
        assert (await call(app, method, path, CRM_KEY, unread()))["status"] == 401


REFUSED: dict[str, dict[str, Any]] = {
    "no json": {"content": b"{", "headers": {"content-type": "application/json"}},
    "too much": {"content": b" " * 2_100_000, "headers": {"content-type": "application/json"}},
    "no type": {"content": b"{}"},
    "wrong field": {"json": {"url": 7}},
    "wrong parameter": {"json": {"url": "https://example.com"}, "params": {"urll": "x"}},
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
async def test_a_missing_key_is_reported_before_any_other_error_of_the_request(
    app: Application, request_: dict[str, Any]
) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        answer = await api.post("/v1/webhooks", **request_)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
        api.headers["authorization"] = f"Bearer {CRM_KEY}"
        answer = await api.post("/v1/webhooks", **request_)
        assert answer.status_code in {400, 413, 415, 422}


def test_every_route_of_the_api_needs_a_key_and_asks_for_it_first(app: Application) -> None:
    for route in api_routes(app):
        assert list(keys_of(route)), f"{route.path} needs no key"
        assert isinstance(route, KeyedRoute), f"{route.path} is a {type(route).__name__}"


def test_building_an_app_fails_for_a_route_that_reads_the_body_before_the_key() -> None:
    router = APIRouter(dependencies=[Depends(Requires(KeyRing(["ops-key"]), "ops"))])

    @router.post("/v1/things")
    async def post(thing: dict[str, Any]) -> None: ...

    with pytest.raises(TypeError, match="/v1/things"):
        build_app(title="test", routers=[router], lifespan=nothing, checks={})


def test_every_request_body_has_a_shape_that_limits_the_number_of_errors(app: Application) -> None:
    """A model without the common base makes an error for each of a hundred thousand names."""
    bodies = {route.path: route.body_field for route in api_routes(app) if route.body_field is not None}
    assert len(bodies) > 5
    for path, body in bodies.items():
        shape = str(body.field_info.annotation)
        shapes = [subclass for subclass in _strict() if re.search(rf"\b{subclass.__name__}\b", shape)]
        assert shapes or shape.startswith("dict["), f"{path} takes {shape}"


def _strict(base: type[Strict] = Strict) -> Iterator[type[Strict]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from _strict(subclass)
