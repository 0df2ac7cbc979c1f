"""The webhooks in the description of the API: requests that an endpoint gets and answers."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Header
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.routing import BaseRoute

from services.handoff.payload.body import body_of
from services.handoff.payload.types import EventType

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    410: {"description": "The endpoint wants no more: the webhook is disabled, and the delivery is held."},
    "default": {
        "description": "Not accepted: the delivery is sent again under the same `webhook-id`, and held after "
        "the last attempt. A `Retry-After` of up to an hour is honoured. Redirects are not followed."
    },
}
_MUST_BE_NAMED: Final = "It is sent only to webhooks that name it in `event_types`."


class SignedHeaders(BaseModel):
    """The headers of Standard Webhooks 1.0.0."""

    webhook_id: Annotated[
        str, Field(description="The id of the message, the same on every attempt and replay: it counts once.")
    ]
    webhook_timestamp: Annotated[int, Field(description="When this attempt was made, in Unix seconds.")]
    webhook_signature: Annotated[
        str,
        Field(
            description="`v1,` and, in base64, the HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}`. "
            "Its key is the secret without `whsec_`, decoded from base64. After a rotation there is one "
            "signature for each secret, separated by spaces. Accept the request if any signature matches.",
            examples=["v1,tnVuOWvTnHmCPyJY8CzWmkOQ6QnZbCmEmD4sWmkzVJw="],
        ),
    ]


def described(types: Iterable[EventType[Any]]) -> Sequence[BaseRoute]:
    """Return a route for each type, to be described under `webhooks`. No request reaches these routes."""
    router = APIRouter(tags=["webhooks"])
    for type_ in types:
        router.add_api_route(
            type_.name,
            _request(type_),
            methods=["POST"],
            operation_id=type_.name.replace(".", "_"),
            summary=type_.name,
            description=_description(type_),
            response_class=Response,
            response_description="Accepted, as by any 2xx.",
            responses=_ANSWERS,
            openapi_extra={"requestBody": {"content": {"application/json": {"example": _example(type_)}}}},
        )
    return router.routes


def _request(type_: EventType[Any]) -> Callable[..., Awaitable[None]]:
    async def request(body: BaseModel, headers: Annotated[SignedHeaders, Header()]) -> None:
        """Stand for a subscriber's endpoint."""

    # FastAPI reads the shape of the body from here.
    request.__annotations__["body"] = type_.body
    return request


def _description(type_: EventType[Any]) -> str:
    text = inspect.getdoc(type_.body) or ""
    return f"{text} {_MUST_BE_NAMED}" if type_.only_when_named else text


def _example(type_: EventType[Any]) -> Any:
    return msgspec.json.decode(body_of(type_.name, type_.notice(type_.example)))
