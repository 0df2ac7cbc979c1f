"""The tracking libraries that web teams have deployed, with only host and write key changed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import rudderstack.analytics.client as rudder
import segment.analytics.client as segment
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.identity import Identity
from tests.support.keys import WRITE_KEY
from tests.worlds.ingest import IngestWorld, serve

CLIENTS: dict[str, Callable[..., Any]] = {"segment": segment.Client, "rudderstack": rudder.Client}


class Counted:
    """Counts the requests to the application: a library that accepts the answer sends one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += scope["type"] == "http"
        await self._app(scope, receive, send)


async def make_calls(client: Any, *calls: tuple[str, dict[str, Any]]) -> None:
    """Make the calls as a program would; the library sends them all, in one batch if it can."""

    def speak() -> None:
        for name, arguments in calls:
            getattr(client, name)(**arguments)
        client.flush()
        client.shutdown()

    await asyncio.to_thread(speak)


@pytest.mark.parametrize("library", CLIENTS)
async def test_each_call_of_a_tracking_library_arrives_once(world: IngestWorld, library: str) -> None:
    counted = Counted(world.app)
    async with serve(counted) as url:
        client = CLIENTS[library](WRITE_KEY, host=url, on_error=None)
        await make_calls(
            client,
            ("identify", {"user_id": "u1", "traits": {"email": "ana@example.com", "title": "VP"}}),
            ("track", {"user_id": "u1", "event": "Order Completed", "properties": {"total": 99.5}}),
            (
                "page",
                {"user_id": "u1", "name": "Pricing", "properties": {"url": "https://a.example/pricing"}},
            ),
        )
    identify, purchase, visit = await world.interactions()
    # In one request, unless the library's own timer has split them.
    assert counted.requests <= 3
    assert [event.type for event in (identify, purchase, visit)] == ["identify", "purchase", "visit"]
    assert set(identify.identities) == {Identity("user_id", "u1"), Identity("email", "ana@example.com")}
    assert (identify.traits["title"], purchase.properties["total"]) == ("VP", 99.5)
    assert visit.properties["path"] == "/pricing"
    assert [event.machine for event in (identify, purchase, visit)] == [None, None, None]


@pytest.mark.parametrize("library", CLIENTS)
async def test_a_library_with_a_wrong_key_gives_up_at_once(world: IngestWorld, library: str) -> None:
    """Without `code` and `message` in the answer these releases repeat the request for ever."""
    counted = Counted(world.app)
    failures: list[Any] = []
    async with serve(counted) as url:
        client = CLIENTS[library]("wrong", host=url, on_error=lambda error, _batch: failures.append(error))
        await make_calls(client, ("track", {"user_id": "u1", "event": "Signed Up"}))
    assert (counted.requests, len(failures)) == (1, 1)
    assert await world.interactions() == []


@pytest.mark.parametrize("library", CLIENTS)
async def test_a_tracking_library_retries_after_a_log_error_and_the_call_arrives_once(
    world: IngestWorld, library: str
) -> None:
    world.log.failures = 1
    counted = Counted(world.app)
    async with serve(counted) as url:
        await make_calls(
            CLIENTS[library](WRITE_KEY, host=url), ("track", {"user_id": "u1", "event": "Signed Up"})
        )
    assert counted.requests == 2
    assert [event.type for event in await world.interactions()] == ["signed_up"]
