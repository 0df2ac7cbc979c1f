"""The description of the API: a route's problems follow from the input that the route takes."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

PROBLEM: Final = "Problem"
_COMPLAINT: Final = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {
        "field": {"type": ["string", "null"]},
        "message": {"type": "string"},
        "rule": {"type": "string", "description": "The id of the matrix rule with the error."},
    },
}
_SCHEMA: Final = {
    "type": "object",
    "title": PROBLEM,
    "description": "What is wrong, after RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "A stable slug for programs."},
        "message": {"type": "string", "description": "The error for people, with the limit."},
        "field": {"type": "string", "description": "The path of what is wrong."},
        "errors": {"type": "array", "items": _COMPLAINT, "description": "All that is wrong."},
    },
}
_CONTENT: Final = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM}"}}}
_MEANINGS: Final[Mapping[int, str]] = {
    400: "The request is refused; `field` names what is wrong.",
    401: "The key is missing or wrong.",
    404: "The thing that the path names does not exist.",
    409: "The request conflicts with the present state.",
    412: "The state has changed since the caller read it.",
    413: "The body is over a limit of size or count.",
    415: "The body is not declared as JSON.",
    422: "A parameter or a field is not valid.",
    503: "A needed part is down; try again after `Retry-After` seconds.",
}


def add_problems(document: dict[str, Any]) -> None:
    """Complete a description that FastAPI made, in place: every refusal is a problem of one shape.

    A route that needs a key gets the problems that follow from its path, parameters and body; it declares
    its other refusals itself, by status and description alone.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas[PROBLEM] = _SCHEMA
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _add_to(path, operation)


def _add_to(path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    # FastAPI's own, which no handler of ours ever answers with.
    answers.pop(str(HTTPStatus.UNPROCESSABLE_ENTITY.value), None)
    for status in _expected(path, operation) if "security" in operation else ():
        answers.setdefault(str(status), {})
    for status, answer in answers.items():
        if int(status) >= HTTPStatus.BAD_REQUEST:
            answer.setdefault("description", _MEANINGS[int(status)])
            answer["content"] = _CONTENT


def _expected(path: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from (400, 401)
    if "{" in path:
        yield 404
    if any(parameter["name"] == "if-match" for parameter in operation.get("parameters", ())):
        yield 412
    if "requestBody" in operation:
        yield from (413, 415)
    if "requestBody" in operation or "parameters" in operation:
        yield 422
    yield 503
