"""What every format of an access log says of a request, in one shape."""

from datetime import datetime
from typing import NamedTuple


class Request(NamedTuple):
    """A request as the server saw it.

    `format` is the name of the format it was read from. `visitor` is an address in its one written form, or
    a name that the server looked up; `forwarded` says that a proxy named it. `host` is the site, where the
    log has it. `target` is the requested path or URL, and empty when there is no request. `user_agent` is
    None where the format has no field for it, and empty where the visitor sent none.
    """

    format: str
    visitor: str
    forwarded: bool
    host: str
    at: datetime
    method: str
    target: str
    status: int
    user_agent: str | None
    referrer: str


def split_request(text: str) -> tuple[str, str]:
    """Return the method and the target of a request line such as `GET /a HTTP/1.1`."""
    method, _, rest = text.partition(" ")
    # Some servers log the blanks within a target as they came.
    target, _, version = rest.rpartition(" ")
    return method, target if version.startswith("HTTP/") else rest
