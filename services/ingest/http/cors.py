"""Trackers post from the pages of any site, so every answer here is shared with every origin."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

ANY_ORIGIN: Final = {"access-control-allow-origin": "*", "access-control-expose-headers": "retry-after"}

# No cookie gives access here, so a foreign page can do nothing that its visitor could not do alone.
_PREFLIGHT = Response(
    status_code=204,
    headers={
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, content-encoding, x-retry-count",
        "access-control-max-age": "86400",
    },
)


async def preflight(_request: Request) -> Response:
    """Answer a browser that asks whether it may post; it remembers the answer for a day."""
    return _PREFLIGHT


def shared_with_any_origin(response: Response) -> Response:
    """Let the page that sent the request read the answer."""
    response.headers.update(ANY_ORIGIN)
    return response
