"""Unknown parameters are refused: a misspelt filter would return all profiles."""

from collections.abc import Iterator
from itertools import islice

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request

from shared.errors import MAX_COMPLAINTS, Complaint, Refused
from shared.wording import unknown


async def known_parameters(request: Request) -> None:
    """FastAPI dependency: raises Refused for query parameters that the route does not take."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = list(dict.fromkeys(_names(route.dependant)))
    unknown_names = (name for name in request.query_params if name not in known)
    errors = [
        Complaint(field=f"query.{name[:64]}", message=unknown(name, known))
        for name in islice(unknown_names, MAX_COMPLAINTS)
    ]
    if errors:
        first = errors[0]
        message = f"{first['field']}: {first['message']}"
        raise Refused("parameter_unknown", message, first["field"], errors)


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for part in dependant.dependencies:
        yield from _names(part)
