"""Requests whose body or parameters cannot be read, reported as problems in plain words."""

import sys
from collections.abc import Sequence
from itertools import islice
from typing import Annotated, Any, Final, get_args, get_origin

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import MAX_COMPLAINTS, Complaint, Refused, UnsupportedMedia, field_at
from shared.strict import ENOUGH
from shared.web.problems import problem, problem_of
from shared.wording import among, in_words, unknown

# Python can read about twice as many levels; the calls around the reader use up some of them.
_READABLE_LEVELS: Final = 500


def on_invalid(request: Request, error: RequestValidationError) -> Response:
    """Return the problem of a body that is not JSON, or of a body and parameters that do not fit."""
    if isinstance(error.body, bytes):
        return problem_of(_no_json_type(request))
    found = error.errors()
    if found and found[0]["type"] == "json_invalid":
        return problem_of(_no_json(error.body, found[0]["loc"][-1], found[0]["ctx"]["error"]))
    reported = islice((detail for detail in found if detail["type"] != ENOUGH), MAX_COMPLAINTS)
    complaints = [_complaint(request, detail) for detail in reported]
    first = complaints[0] if complaints else Complaint(field=None, message="is invalid")
    message = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(422, "invalid", message, field=first["field"], errors=complaints)


def unreadable(error: HTTPException) -> Refused | None:
    """Return why a body could not be parsed at all, None when the error is about something else."""
    match error.__cause__:
        case UnicodeDecodeError(start=start):
            return Refused("json_invalid", f"The body is not valid UTF-8 at byte {start + 1:,}.")
        case RecursionError():
            return Refused(
                "too_deep", f"The body nests too deep: at most {_READABLE_LEVELS} levels are allowed."
            )
        case ValueError():
            digits = sys.get_int_max_str_digits()
            return Refused("json_invalid", f"A number in the body has more than {digits:,} digits.")
        case _:
            return None


def _no_json_type(request: Request) -> UnsupportedMedia:
    sent = request.headers.get("content-type", "")[:100]
    came = f"the request has {sent}" if sent else "the request has no such header"
    return UnsupportedMedia(
        "content_type", f"Send the body as JSON with the header `Content-Type: application/json`; {came}."
    )


def _no_json(body: Any, position: Any, why: str) -> Refused:
    before = str(body)[: int(position)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    position_text = f"line {line}, column {column} (character {len(before) + 1:,})"
    return Refused("json_invalid", f"The body is not JSON: {why[:1].lower()}{why[1:]}, at {position_text}.")


def _complaint(request: Request, error: Any) -> Complaint:
    path: tuple[str | int, ...] = tuple(error["loc"][1:] if error["loc"][0] == "body" else error["loc"])
    if error["type"] == "extra_forbidden":
        words: str | None = unknown(str(path[-1]), _known_names(request, path[:-1]))
    else:
        words = in_words(error["type"], error.get("ctx", {}))
    if words and error["type"] == "literal_error":
        words += among(error["input"], error["ctx"]["expected"])
    if words and not path:
        words = f"The body {words}."
    message = words or str(error["msg"]).removeprefix("Value error, ")
    return Complaint(field=field_at(path), message=message)


def _known_names(request: Request, path: Sequence[str | int]) -> list[str]:
    """Return the allowed names in the part of the route's body at a path, none when any name is allowed."""
    route = request.scope.get("route")
    body = route.body_field if isinstance(route, APIRoute) else None
    shape: Any = body.field_info.annotation if body else None
    for part in path:
        model = _model_in(shape)
        field = model.model_fields.get(str(part)) if model else None
        shape = field.annotation if field else shape
    model = _model_in(shape)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_in(shape: Any) -> type[BaseModel] | None:
    """Return the model in a type: the type itself, the elements of a list, or an alternative of a union."""
    if isinstance(shape, type) and get_origin(shape) is None:
        return shape if issubclass(shape, BaseModel) else None
    parts = get_args(shape)[:1] if get_origin(shape) is Annotated else get_args(shape)
    return next((model for model in map(_model_in, parts) if model), None)
