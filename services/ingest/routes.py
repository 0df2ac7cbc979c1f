"""The tracking paths: Flipline's own, Segment's, and the one-letter ones of Segment's browser library."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route

from services.ingest.answers import batch_answer, call_answer, native_answer
from services.ingest.bodies import native_body, segment_batch, segment_call
from services.ingest.cors import preflight
from services.ingest.documentation import describe_batch, describe_call, describe_events
from services.ingest.receive import Receiver
from shared.direct import DirectRoute

CALLS: Final = {
    "track": "t",
    "identify": "i",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}


def tracking_routes(receiver: Receiver) -> APIRouter:
    """Return the router of all tracking paths, the busiest first, since they are tried in their order."""
    router = APIRouter(route_class=DirectRoute, tags=["ingest"])
    paths: list[str] = []

    def post(path: str, endpoint: Callable[[Request], Any], description: dict[str, Any]) -> None:
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None, **description)
        paths.append(path)

    batch = receiver.endpoint(segment_batch, batch_answer)
    post("/v1/events", receiver.endpoint(native_body, native_answer), describe_events())
    post("/v1/batch", batch, describe_batch())
    post("/v1/b", batch, describe_batch(short=True))
    for kind, letter in CALLS.items():
        call = receiver.endpoint(segment_call(kind), call_answer)
        post(f"/v1/{kind}", call, describe_call(kind))
        post(f"/v1/{letter}", call, describe_call(kind, short=True))
    for path in paths:
        router.routes.append(Route(path, preflight, methods=["OPTIONS"], include_in_schema=False))
    return router
