"""The answers that all HTTP services have in common: problems, health, readiness, metrics."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import FliplineError
from shared.process.readiness import Check, Readiness
from shared.web.direct import Direct, direct_routes
from shared.web.docs import documentation
from shared.web.front import front, installed_version
from shared.web.invalid import on_invalid, unreadable
from shared.web.keyed import unguarded
from shared.web.middleware import BodyLimit, Watch
from shared.web.openapi import add_problems
from shared.web.problems import internal_error, problem, problem_of

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Application(FastAPI):
    """FastAPI behind our own middleware; a direct route never enters FastAPI."""

    # The readiness checks by name.
    readiness: Readiness

    @cached_property
    def _entrance(self) -> ASGIApp:
        return Watch(Direct(BodyLimit(super().__call__), direct_routes(self.routes)))

    def openapi(self) -> dict[str, Any]:
        """Describe the API, problems included."""
        if not self.openapi_schema:
            add_problems(super().openapi())
        return super().openapi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Watch every request, answer the direct ones, and let FastAPI route the others."""
        await self._entrance(scope, receive, send)


def build_app(
    *,
    title: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    checks: Mapping[str, Check],
    webhooks: Sequence[BaseRoute] = (),
) -> Application:
    """Assemble a service's application; `checks` are the readiness checks by name.

    `webhooks` are described beside the paths, and no request reaches them.
    """
    app = Application(
        title=title,
        version=installed_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Such a redirect would be built from the Host header, which the caller sets.
        redirect_slashes=False,
    )
    app.readiness = Readiness(checks)
    app.router.routes.extend(documentation(title))
    for router in (*routers, front(title, app.router.routes), _operations(app.readiness)):
        if found := unguarded(router.routes):
            raise TypeError(f"these routes would read a body before they check the key: {found}")
        # Not include_router: it keeps routers nested and matches every request twice on the way down.
        app.router.routes.extend(router.routes)
    app.webhooks.routes.extend(webhooks)
    app.add_exception_handler(FliplineError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unforeseen)
    return app


def _operations(readiness: Readiness) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """Show that the process answers."""
        return {"status": "ok"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", responses={503: {"description": "Not ready; `checks` lists what is missing."}})
    async def readyz() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Show whether the process is ready, and what is missing."""
        findings = {name: reason or "ok" for name, reason in (await readiness.findings()).items()}
        waiting = {name: finding for name, finding in findings.items() if finding != "ok"}
        if waiting:
            message = "Not ready: " + "; ".join(f"{name}: {reason}" for name, reason in waiting.items())
            return problem(503, "not_ready", message, {"Retry-After": "5"}, checks=findings)
        return JSONResponse({"status": "ready", "checks": findings})

    @router.head("/metrics", include_in_schema=False)
    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Show the process's metrics in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _on_ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FliplineError)  # noqa: S101 - registered for this class alone
    return problem_of(error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    return on_invalid(request, error)


async def _on_unforeseen(_request: Request, _error: Exception) -> Response:
    return internal_error()


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    if refused := unreadable(error):
        return problem_of(refused)
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": ", ".join(sorted(_methods(request)))}
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(404, "path_unknown", "There is no such path; /docs lists the paths.", headers)
    code = HTTPStatus(error.status_code).name.lower()
    return problem(error.status_code, code, error.detail, headers)


def _methods(request: Request) -> set[str]:
    """Return the methods of all routes that the path leads to; Starlette returns those of the first route."""
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return methods
