"""A shortcut past the router for the busiest paths.

FastAPI's routing, exit stacks and parameters cost several times what reading an event does. A direct route
is declared and documented like any other, and its endpoint alone answers its POSTs.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import cast

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class DirectRoute(APIRoute):
    """A route without path parameters whose endpoint takes the raw request and answers its own errors."""


def direct_routes(routes: Iterable[BaseRoute]) -> Mapping[str, DirectRoute]:
    """Return the direct routes by path."""
    return {route.path: route for route in routes if isinstance(route, DirectRoute)}


class Direct:
    """Answers POSTs to direct routes; everything else goes on to the application."""

    def __init__(self, app: ASGIApp, routes: Mapping[str, DirectRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to its endpoint or on."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" else None
        if route is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        response = await cast("Endpoint", route.endpoint)(Request(scope, receive, send))
        await response(scope, receive, send)
