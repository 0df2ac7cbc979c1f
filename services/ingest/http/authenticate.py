"""The write key, wherever the deployed libraries put it."""

from starlette.requests import Request

from services.ingest.reading.fields import KeyFields
from shared.errors import Unauthorized
from shared.web.auth import KeyRing, basic_user, bearer_key


def authenticate(request: Request, body: bytes, ring: KeyRing, keys: KeyFields) -> None:
    """Raise Unauthorized unless the headers, the query or the body bring a key of the ring.

    One valid key is enough: Segment's OAuth puts a token in the header and the key in the body.
    """
    if ring.opens(basic_user(request)) or ring.opens(bearer_key(request)):
        return
    if keys.query and request.scope["query_string"]:
        query = request.query_params
        if any(ring.opens(query.get(name)) for name in keys.query):
            return
    if keys.body and any(isinstance(key, str) and ring.opens(key) for key in keys.body.values(body)):
        return
    raise Unauthorized("write_key_invalid", f"Send a valid write key: {_ways_to_send(keys)}.")


def _ways_to_send(keys: KeyFields) -> str:
    ways = ["as HTTP Basic user", "as bearer token"]
    in_body = keys.body.names[0] if keys.body else None
    in_query = keys.query[0] if keys.query else None
    if in_body and in_body == in_query:
        ways.append(f"as `{in_body}` in body or query")
    else:
        named = ((in_body, "body"), (in_query, "query"))
        ways += [f"as `{name}` in the {part}" for name, part in named if name]
    return f"{', '.join(ways[:-1])}, or {ways[-1]}"
