"""Routes that need a key: it is checked before anything of the request's body is read.

FastAPI reads and parses a body before it asks the dependencies. So a caller without a key could make it
parse two megabytes, and would read what is wrong with them before reading that the key is missing.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from shared.web.auth import Requires
from shared.web.queries import known_parameters


class KeyedRoute(APIRoute):
    """A route that asks for its keys first: 401 comes before 400, 413, 415 and 422."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler of the request, behind the check of the keys."""
        handle = super().get_route_handler()
        locks = list(keys_of(self))

        async def after_the_keys(request: Request) -> Response:
            for lock in locks:
                await lock(request)
            return await handle(request)

        return after_the_keys


def keyed_router(requires: Requires, *, prefix: str = "", tag: str) -> APIRouter:
    """Return a router whose routes need a key and refuse unknown query parameters."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=KeyedRoute,
        dependencies=[Depends(requires), Depends(known_parameters)],
    )


def keys_of(route: APIRoute) -> Iterator[Requires]:
    """Yield what a route requires of the key, each requirement once."""
    yield from dict.fromkeys(_requirements(route.dependant))


def unguarded(routes: Iterable[BaseRoute]) -> list[str]:
    """Return the paths of the routes that need a key and would read the body before they check it."""
    return [
        route.path
        for route in routes
        if isinstance(route, APIRoute) and not isinstance(route, KeyedRoute) and any(keys_of(route))
    ]


def _requirements(dependant: Dependant) -> Iterator[Requires]:
    if isinstance(dependant.call, Requires):
        yield dependant.call
    for part in dependant.dependencies:
        yield from _requirements(part)
