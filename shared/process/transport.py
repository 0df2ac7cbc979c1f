"""Why a command cannot call an instance over HTTP, in words for people."""

import httpx

from shared.errors import Misconfigured


def transport_words(error: httpx.TransportError) -> str:
    """Return what went wrong in words of ours, since those of the libraries are written for programmers."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer came in time"
    if isinstance(error, httpx.ConnectError):
        return "nothing answers there"
    if isinstance(error, httpx.ProxyError):
        return "the proxy does not let it through"
    return "the connection broke off"


def invalid_url(url: str) -> Misconfigured:
    """Return the error for a URL that no instance can have."""
    return Misconfigured(
        "url_invalid", f"{url} is not the URL of an instance. An example is http://127.0.0.1:8000."
    )
