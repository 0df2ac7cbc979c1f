"""The URL of an endpoint: parsed once, by the strict rules of browsers, and used only in normal form.

Two parsers that read one URL differently are the classic way round a check, so what is checked, stored
and connected to is the text that this module returns.
"""

from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import Url

from shared.errors import Refused

MAX_URL_LENGTH = 2_000


@dataclass(frozen=True)
class Target:
    """An endpoint's URL in normal form: ASCII only, the host in lower case or a canonical address."""

    url: str
    scheme: str
    host: str
    port: int


def parse_target(text: str) -> Target:
    """Read an endpoint's URL; raises Refused, naming the field `url`. Every port may be used."""
    if len(text) > MAX_URL_LENGTH or not all(c.isprintable() and c != " " for c in text):
        raise _refused(f"The URL has at most {MAX_URL_LENGTH:,} characters, none of them a space.")
    try:
        url = Url(text)
    except ValidationError as error:
        raise _refused(f"The URL cannot be read: {error.errors()[0]['msg']}.") from error
    if url.scheme not in {"https", "http"} or not url.host or not url.port:
        raise _refused("The URL must be https://host[:port]/path (or http:// for a private target).")
    if url.username is not None or url.password is not None:
        raise _refused("The URL may not carry a user or password: messages are signed instead.")
    if url.fragment is not None:
        raise _refused("The URL may not carry a fragment (#): it would not be sent.")
    return Target(str(url), url.scheme, url.host.strip("[]"), url.port)


def host_name(text: str) -> str | None:
    """Return a bare host name in the normal form of URLs, or None when it is not a host name."""
    try:
        target = parse_target(f"http://{text}/")
    except Refused:
        return None
    return target.host if target.url == f"http://{target.host}/" else None


def _refused(message: str) -> Refused:
    return Refused("webhook_url_invalid", message, "url")
