"""What every HTTP service answers alike: problems, health, readiness, metrics, one log line a request."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import FliplineError, Refused, TooLarge, Unavailable
from shared.telemetry import REQUEST_SECONDS

logger = structlog.get_logger(__name__)

MAX_BODY_BYTES = 2_000_000

Check = Callable[[], Awaitable[None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def problem(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> JSONResponse:
    """Return an RFC 9457 problem that also carries `code` and `message`.

    Deployed tracking SDKs read those two and repeat the request for ever when they are missing.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "code": code,
        "message": message,
    } | {name: value for name, value in extra.items() if value is not None}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def problem_of(error: FliplineError) -> JSONResponse:
    """Return the problem that an error of ours becomes."""
    headers = None
    if isinstance(error, Unavailable):
        headers = {"Retry-After": str(error.retry_after_seconds)}
    elif error.status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": 'Bearer realm="flipline"'}
    field = error.field if isinstance(error, Refused) else None
    return problem(error.status, error.code, error.message, headers, field=field)


def build_app(
    *, title: str, routers: Sequence[APIRouter], lifespan: Lifespan, checks: Mapping[str, Check]
) -> FastAPI:
    """Assemble a service's application; `checks` are what readiness asks, by the name it shows."""
    app = FastAPI(title=title, lifespan=lifespan, redoc_url=None)
    for router in routers:
        app.include_router(router)
    app.include_router(_operations(checks))
    app.add_exception_handler(FliplineError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(Watch)
    return app


def _operations(checks: Mapping[str, Check]) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        """Tell that the process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Tell whether everything needed is there, and what is not."""
        findings: dict[str, str] = {}
        for name, check in checks.items():
            try:
                await check()
                findings[name] = "ok"
            except FliplineError as error:
                findings[name] = error.message
        waiting = {name: finding for name, finding in findings.items() if finding != "ok"}
        if waiting:
            message = "Not ready: " + "; ".join(f"{name}: {why}" for name, why in waiting.items())
            return problem(503, "not_ready", message, {"Retry-After": "5"}, checks=findings)
        return JSONResponse({"status": "ready", "checks": findings})

    @router.get("/metrics")
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """Show the process's metrics in Prometheus' text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _on_ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FliplineError)  # noqa: S101 - registered for this class alone
    return problem_of(error)


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors = [
        {"field": ".".join(str(part) for part in found["loc"] if part != "body"), "message": found["msg"]}
        for found in error.errors()[:20]
    ]
    first = errors[0] if errors else {"field": "", "message": "invalid"}
    message = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(422, "invalid", message, field=first["field"], errors=errors)


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    code = HTTPStatus(error.status_code).name.lower()
    return problem(error.status_code, code, error.detail, error.headers)


class Watch:
    """Limits the body, times the answer, logs one line, and turns a bug into a problem without a trace.

    Plain ASGI: Starlette's BaseHTTPMiddleware would cost a task and two queues on every request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request through; other scopes are none of our business."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        answered = False
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise TooLarge("body_too_large", f"A request body has at most {MAX_BODY_BYTES:,} bytes.")
            return message

        async def noted(message: Message) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except Exception:
            logger.exception("request.failed", path=scope["path"])
            if not answered:
                await problem(500, "internal_error", "This is our fault; it has been logged.")(
                    scope, receive, noted
                )
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUEST_SECONDS.labels(route, f"{status // 100}xx").observe(seconds)
            logger.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 2),
                **scope.get("flipline", {}),
            )
