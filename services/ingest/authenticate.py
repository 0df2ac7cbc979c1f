"""The write key, wherever the deployed libraries put it."""

from typing import Any

import msgspec
from starlette.requests import Request

from services.ingest.wire import decode
from shared.auth import KeyRing, basic_user, bearer_key
from shared.errors import Refused, Unauthorized


class _Keyed(msgspec.Struct):
    writeKey: Any = None  # noqa: N815 - the field has this name in requests


_keyed = msgspec.json.Decoder(_Keyed)


def authenticate(request: Request, body: bytes, ring: KeyRing) -> None:
    """Raise Unauthorized unless the headers, the query or the body bring a key of the ring.

    Any one that fits is enough: Segment's OAuth puts a token in the header and the key in the body.
    """
    if ring.opens(basic_user(request)) or ring.opens(bearer_key(request)):
        return
    if request.scope["query_string"]:
        query = request.query_params
        if ring.opens(query.get("writeKey")) or ring.opens(query.get("writekey")):
            return
    if ring.opens(_key_in(body)):
        return
    raise Unauthorized(
        "write_key_invalid",
        "Send a valid write key: as HTTP Basic user, as bearer token, or as `writeKey` in body or query.",
    )


def _key_in(body: bytes) -> str | None:
    try:
        key = decode(_keyed, body).writeKey
    except Refused:
        return None
    return key if isinstance(key, str) else None
