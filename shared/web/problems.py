"""Errors as RFC 9457 problems, in the form that deployed tracking SDKs understand too."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from shared.errors import FliplineError, Refused, Unavailable


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


def internal_error() -> JSONResponse:
    """Return the problem for a bug; the trace is in the log, not in the answer."""
    return problem(500, "internal_error", "An internal error occurred. Flipline's log has the details.")


def problem_of(error: FliplineError) -> JSONResponse:
    """Return the problem for an error of ours."""
    headers = None
    if isinstance(error, Unavailable):
        headers = {"Retry-After": str(error.retry_after_seconds)}
    elif error.status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": 'Bearer realm="flipline"'}
    wrong = {"field": error.field, "errors": error.errors} if isinstance(error, Refused) else {}
    return problem(error.status, error.code, error.message, headers, **wrong)
