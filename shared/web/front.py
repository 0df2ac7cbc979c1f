"""The front door, `GET /`: what answers here and where to go on, for programs and for people."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from shared.web.accept import prefers

_HTML: Final = "text/html"
# Where a browser is redirected: to the first of these that this process has.
_FOR_PEOPLE: Final = ("/console", "/docs")
_LINKS: Final = {
    "documentation": "/docs",
    "openapi": "/openapi.json",
    "health": "/healthz",
    "readiness": "/readyz",
    "metrics": "/metrics",
    "console": "/console",
    "tracker": "/tracker.js",
    "events": "/v1/events",
    "segment": "/v1/batch",
    "dead_letters": "/v1/dead-letters",
    "models": "/v1/models",
    "profiles": "/v1/profiles",
    "companies": "/v1/companies",
    "leads": "/v1/leads",
    "webhooks": "/v1/webhooks",
}


class FrontOut(BaseModel):
    """What answers here, in which version, and the paths to begin with."""

    name: str
    version: str
    links: dict[str, str]


def front(name: str, routes: Sequence[BaseRoute]) -> APIRouter:
    """Return the route of `/` for a process of this name; `routes` are all of its routes, and may grow."""
    router = APIRouter(tags=["operations"])

    @router.head("/", include_in_schema=False)
    @router.get("/", response_model=FrontOut)
    async def show(request: Request, response: Response) -> Any:  # pyright: ignore[reportUnusedFunction]
        """Show which service answers and where to go on; a browser is redirected to a page for people."""
        paths = _paths(routes)
        response.headers["Vary"] = "Accept"
        if prefers(request, _HTML):
            target = next(path for path in _FOR_PEOPLE if path in paths)
            # Relative, so that it also works behind a proxy that puts a prefix before it.
            return RedirectResponse(target.removeprefix("/"), 307, {"Vary": "Accept"})
        links = {label: path for label, path in _LINKS.items() if path in paths}
        return FrontOut(name=name, version=installed_version(), links=links)

    return router


@cache
def installed_version() -> str:
    """Return the version of the installed package, `0` when the package is not installed."""
    try:
        return version("flipline")
    except PackageNotFoundError:
        return "0"


def _paths(routes: Iterable[BaseRoute]) -> frozenset[str]:
    return frozenset(route.path for route in routes if isinstance(route, Route))
