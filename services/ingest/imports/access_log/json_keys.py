"""The keys under which JSON logs have the parts of a request.

A key counts without case, blanks and marks, and with its objects before it: `http_user_agent`,
`request.headers.User-Agent` (Caddy), `httpRequest.userAgent` (Google) become `httpuseragent`,
`request.headers.useragent`, `httprequest.useragent`. Of several keys that are present the first counts.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

_MARKS: Final = re.compile(r"[^a-z0-9.]")
# Caddy's headers are three levels deep; no log of a server is deeper.
_DEEPEST: Final = 4

FORWARDED: Final = (
    "httpxforwardedfor", "xforwardedfor", "requestxforwardedfor", "request.headers.xforwardedfor",
    "headers.xforwardedfor", "http.request.headers.xforwardedfor", "forwardedfor",
)  # fmt: skip
ADDRESS: Final = (
    "request.clientip", "realip", "xrealip", "httpxrealip", "clientip", "client.ip", "source.ip",
    "remoteaddr", "remoteaddress", "remoteip", "request.remoteip", "request.remoteaddr",
    "request.remoteaddress", "clienthost", "clientaddr", "clientaddress", "client.address",
    "source.address", "httprequest.remoteip", "httprequest.clientip", "downstreamremoteaddress",
    "downstreamdirectremoteaddress", "remotehost", "network.client.ip", "sourceip", "cip", "client",
    "remote", "ip",
)  # fmt: skip
TIME: Final = (
    "starttime", "startutc", "timeiso8601", "timelocal", "msec", "requesttimeepoch", "ts", "timestamp",
    "time", "datetime", "startlocal", "eventtime", "timeepoch", "unixtime", "date", "requesttime",
)  # fmt: skip
REQUEST: Final = ("request", "requestline")
METHOD: Final = (
    "requestmethod", "method", "httpmethod", "request.method", "http.request.method", "http.method",
    "httprequest.requestmethod", "httprequest.httpmethod", "verb", "csmethod",
)  # fmt: skip
TARGET: Final = (
    "requesturi", "request.uri", "request.url", "url.original", "uri", "requestpath", "path", "url",
    "requesturl", "httprequest.requesturl", "httprequest.uri", "http.url", "url.path",
    "xenvoyoriginalpath", "originalpath", "csuristem", "target",
)  # fmt: skip
QUERY: Final = ("args", "querystring", "query", "url.query", "csuriquery", "requestquery")
STATUS: Final = (
    "status", "statuscode", "responsecode", "response", "downstreamstatus", "http.response.statuscode",
    "http.statuscode", "response.status", "httprequest.status", "elbstatuscode", "responsestatus",
    "httpstatus", "originstatus", "scstatus", "code",
)  # fmt: skip
USER_AGENT: Final = (
    "httpuseragent", "useragent", "request.headers.useragent", "requestuseragent", "headers.useragent",
    "useragent.original", "httprequest.useragent", "http.request.headers.useragent", "http.useragent",
    "requestheaders.useragent", "agent", "ua", "csuseragent",
)  # fmt: skip
REFERRER: Final = (
    "httpreferer", "httpreferrer", "referer", "referrer", "request.headers.referer", "requestreferer",
    "headers.referer", "httprequest.referer", "http.request.referrer", "http.request.headers.referer",
    "requestheaders.referer", "csreferer",
)  # fmt: skip
SITE: Final = (
    "host", "httphost", "request.host", "requesthost", "authority", "servername", "virtualhost", "vhost",
    "url.domain", "xhostheader",
)  # fmt: skip
HEADERS: Final = ("request.headers", "headers", "requestheaders", "http.request.headers")
"""Objects with all headers: a user agent that is missing there was not sent."""


def flattened(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of nested objects by their keys, joined with dots; an object itself becomes {}."""
    flat: dict[str, Any] = {}
    _flatten(record, "", flat, 1)
    return flat


def first(flat: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the first value that is present and not blank, None without any."""
    for name in names:
        value = flat.get(name)
        if value is not None and value not in ("", "-", {}):
            return value
    return None


def _flatten(record: Mapping[str, Any], prefix: str, flat: dict[str, Any], depth: int) -> None:
    for key, value in record.items():
        name = prefix + _plain(key)
        if isinstance(value, dict):
            flat.setdefault(name, {})
            if depth < _DEEPEST:
                _flatten(value, f"{name}.", flat, depth + 1)
        else:
            flat.setdefault(name, value)


@lru_cache(maxsize=4_096)
def _plain(key: str) -> str:
    return _MARKS.sub("", key.lower())
