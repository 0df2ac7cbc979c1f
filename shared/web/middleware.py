"""What surrounds every request: a limit on its body, its time, its log line, and a net for our bugs.

Plain ASGI: Starlette's BaseHTTPMiddleware would cost a task and two queues on every request.
"""

import time
from functools import cache

import structlog
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TooLarge
from shared.process.telemetry import REQUEST_SECONDS
from shared.web.headers import made_safe
from shared.web.problems import internal_error, problem_of

logger = structlog.get_logger(__name__)

MAX_REQUEST_BYTES = 2_000_000


@cache
def _seconds_of(route: str, status_class: int) -> Histogram:
    return REQUEST_SECONDS.labels(route, f"{status_class}xx")


class BodyLimit:
    """Answers 413 when a body goes on beyond MAX_REQUEST_BYTES, announced or chunked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on until its body is over the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # To the application it looks as if the client had left; what it answers is not sent.
            return {"type": "http.disconnect"} if received > MAX_REQUEST_BYTES else message

        async def unless_over(message: Message) -> None:
            if received <= MAX_REQUEST_BYTES:
                await send(message)

        try:
            await self._app(scope, counted, unless_over)
        except Exception:
            if received <= MAX_REQUEST_BYTES:
                raise
        if received > MAX_REQUEST_BYTES:
            error = TooLarge("body_too_large", f"A request body has at most {MAX_REQUEST_BYTES:,} bytes.")
            await problem_of(error)(scope, receive, send)


class Watch:
    """Times the answer, makes it safe, logs one line; a bug becomes a problem without a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request through; other scopes pass unchanged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = made_safe(message.get("headers", ()))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            logger.exception("request.failed", path=scope["path"])
            if not status:
                await internal_error()(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            _seconds_of(route, status // 100).observe(seconds)
            logger.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 2),
                **scope.get("flipline", {}),
            )
