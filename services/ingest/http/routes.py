"""The tracking paths of all formats."""

from fastapi import APIRouter
from starlette.routing import Route

from services.ingest.formats.registry import FORMATS
from services.ingest.http.cors import preflight
from services.ingest.http.receive import Receiver
from shared.web.direct import DirectRoute


def tracking_routes(receiver: Receiver) -> APIRouter:
    """Return the router of all tracking paths, the busiest first, since the router tries them in order."""
    router = APIRouter(route_class=DirectRoute, tags=["ingest"])
    paths = [(tracker_format, path) for tracker_format in FORMATS for path in tracker_format.paths]
    for tracker_format, path in paths:
        router.add_api_route(
            path.path,
            receiver.endpoint(tracker_format, path),
            methods=["POST"],
            response_model=None,
            **path.describe(tracker_format.key_fields),
        )
    for _, path in paths:
        router.routes.append(Route(path.path, preflight, methods=["OPTIONS"], include_in_schema=False))
    return router
