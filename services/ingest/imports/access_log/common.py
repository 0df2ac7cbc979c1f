"""The common log format and what grew from it: combined, sites in front, more fields at the end."""

import re
from typing import Final

from services.ingest.imports.access_log.addresses import Address, addresses_in, visitor_among
from services.ingest.imports.access_log.escapes import unescaped
from services.ingest.imports.access_log.heads import read_head
from services.ingest.imports.access_log.instants import instant_of
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.imports.access_log.request import Request, split_request

# Servers refuse request lines beyond 8 KB.
MAX_LENGTH: Final = 16 * 1024

_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
_LINE: Final = re.compile(
    rf"((?:\S+ )+?)\[([^\]\"]{{0,40}})\] {_QUOTED} (\d{{3}}) (?:\d+|-)"
    rf'(?: {_QUOTED} {_QUOTED}((?: +(?:"(?:[^"\\]|\\.)*"|[^\s"]+))*))?\s*',
    re.ASCII,
)
_REASON_BY_START: Final = {
    "#": RefusalReason.COMMENT,
    "[": RefusalReason.JSON,
    "]": RefusalReason.JSON,
    "}": RefusalReason.JSON,
}
_FIELD: Final = re.compile(_QUOTED)


def read_common(line: str, *, host_names: bool) -> Request:
    """Read a line of any format of the family; raises LineRefused.

    A quoted field of addresses alone, after the user agent, is the list of a proxy.
    """
    if len(line) > MAX_LENGTH:
        raise LineRefused(RefusalReason.TOO_LONG)
    match = _LINE.fullmatch(line)
    if match is None:
        raise LineRefused(_REASON_BY_START.get(line[:1], RefusalReason.NO_FORMAT))
    before, time, request, status, referrer, user_agent, more = match.groups()
    head = read_head(before[:-1], host_names)
    forwarded = _forwarded(more) if more else ()
    visitor = visitor_among(forwarded + head.addresses)
    if visitor is None:
        raise LineRefused(head.without)
    if "\\" in line:
        request = unescaped(request)
        referrer, user_agent = referrer and unescaped(referrer), user_agent and unescaped(user_agent)
    method, target = split_request(request)
    return Request(
        format=_name(head.site, user_agent, more),
        visitor=visitor,
        forwarded=bool(forwarded) or len(head.addresses) > 1,
        host=head.site or "",
        at=instant_of(time),
        method=method,
        target=target,
        status=int(status),
        user_agent="" if user_agent == "-" else user_agent,
        referrer="" if referrer is None or referrer == "-" else referrer,
    )


def _forwarded(more: str) -> tuple[Address, ...]:
    for text in _FIELD.findall(more):
        if addresses := addresses_in(text):
            return addresses
    return ()


def _name(site: str | None, user_agent: str | None, more: str | None) -> str:
    name = "common" if user_agent is None else "combined"
    if site is not None:
        name = f"vhost_{name}"
    return f"{name} with more fields" if more else name
