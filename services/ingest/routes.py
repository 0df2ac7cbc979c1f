"""The tracking paths: Flipline's own, Segment's, and the one-letter ones of Segment's browser library."""

from typing import Any

from fastapi import APIRouter
from starlette.routing import Route

from services.ingest.answers import batch_answer, call_answer, native_answer
from services.ingest.cors import preflight
from services.ingest.documentation import describe_batch, describe_call, describe_events
from services.ingest.paths import BATCHES, CALLS, EVENTS, READERS
from services.ingest.receive import Answer, Receiver
from shared.direct import DirectRoute


def tracking_routes(receiver: Receiver) -> APIRouter:
    """Return the router of all tracking paths, the busiest first, since they are tried in their order."""
    router = APIRouter(route_class=DirectRoute, tags=["ingest"])
    paths: list[str] = []

    def post(path: str, answer: Answer, description: dict[str, Any]) -> None:
        endpoint = receiver.endpoint(READERS[path], answer)
        router.add_api_route(path, endpoint, methods=["POST"], response_model=None, **description)
        paths.append(path)

    post(EVENTS, native_answer, describe_events())
    for path in BATCHES:
        post(path, batch_answer, describe_batch(short=path != BATCHES[0]))
    for kind, letter in CALLS.items():
        post(f"/v1/{kind}", call_answer, describe_call(kind))
        post(f"/v1/{letter}", call_answer, describe_call(kind, short=True))
    for path in paths:
        router.routes.append(Route(path, preflight, methods=["OPTIONS"], include_in_schema=False))
    return router
