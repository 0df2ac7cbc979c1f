"""The refusals of the door, as problems like all others, and their bytes on the wire."""

from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from shared.door.limits import Limits
from shared.process.telemetry import REFUSED_REQUESTS
from shared.web.headers import Header, made_safe
from shared.web.problems import problem

_CLOSE = {"Connection": "close"}
_RETRY = {"Connection": "close", "Retry-After": "5"}


def _refusal(status: int, code: str, message: str, *, retry: bool = False) -> Response:
    REFUSED_REQUESTS.labels(code).inc()
    return problem(status, code, message, _RETRY if retry else _CLOSE)


def not_http() -> Response:
    """Refuse what cannot be parsed."""
    return _refusal(400, "request_invalid", "This is not an HTTP/1.1 request, or its method is not known.")


def line_too_long(limits: Limits) -> Response:
    """Refuse a request line over its limit."""
    return _refusal(414, "line_too_long", f"A request line has at most {limits.line_bytes:,} bytes.")


def headers_too_large(limits: Limits) -> Response:
    """Refuse headers over their limit."""
    message = f"The headers of a request have at most {limits.headers_bytes:,} bytes together."
    return _refusal(431, "headers_too_large", message)


def framing_too_large(limits: Limits) -> Response:
    """Refuse a chunked body with endless extensions or trailers."""
    message = f"The extensions of a chunk, and all trailers, have at most {limits.headers_bytes:,} bytes."
    return _refusal(431, "framing_too_large", message)


def body_too_large(limits: Limits) -> Response:
    """Refuse a body over its limit on the wire."""
    message = f"A body has at most {limits.body_bytes:,} bytes as it is sent, chunk sizes included."
    return _refusal(413, "body_too_large", message)


def too_many_pipelined(limits: Limits) -> Response:
    """Refuse a request behind too many others on its connection."""
    message = (
        f"At most {limits.pipelined:,} requests may wait on one connection; wait for answers in between."
    )
    return _refusal(503, "too_many_pipelined", message, retry=True)


def head_too_slow(limits: Limits) -> Response:
    """Refuse a request whose headers do not end."""
    message = f"The headers of a request must arrive within {limits.head_seconds:g} seconds."
    return _refusal(408, "headers_too_slow", message)


def body_too_slow(limits: Limits) -> Response:
    """Refuse a request whose body does not end."""
    message = f"The body of a request must arrive within {limits.body_seconds:g} seconds."
    return _refusal(408, "body_too_slow", message)


def too_many_connections(limits: Limits) -> Response:
    """Refuse a connection when all slots are taken."""
    message = f"All {limits.connections:,} connections are in use; try again later."
    return _refusal(503, "too_many_connections", message, retry=True)


def too_many_requests(limits: Limits) -> Response:
    """Refuse a request when the limit of requests in progress is reached."""
    message = f"All {limits.requests:,} slots for requests are in use; try again later."
    return _refusal(503, "too_many_requests", message, retry=True)


class Overloaded:
    """The application that answers in place of the real one when too many requests are in progress."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse every request at once."""
        answer = too_many_requests(self._limits)
        answer.raw_headers = made_safe(answer.raw_headers)
        await answer(scope, receive, send)


def on_the_wire(answer: Response, default_headers: Iterable[Header]) -> bytes:
    """Return the bytes of an answer that the door itself sends."""
    headers = (*default_headers, *made_safe(answer.raw_headers))
    lines = (name + b": " + value + b"\r\n" for name, value in headers)
    return b"".join((STATUS_LINE[answer.status_code], *lines, b"\r\n", bytes(answer.body)))
