"""Which of two media types a caller prefers, by RFC 9110, section 12.5.1."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

JSON: Final = "application/json"


def prefers(request: Request, media: str, over: str = JSON) -> bool:
    """Return whether the `Accept` of a request names a media type and puts it before another."""
    qualities = {media: 0.0, over: 0.0}
    for part in request.headers.get("accept", "").lower().split(","):
        named, *parameters = (piece.strip() for piece in part.split(";"))
        if named in qualities:
            qualities[named] = _quality(parameters)
    return qualities[media] > qualities[over]


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
