"""What a request means: an interaction, or the reason why it is none.

Visits and downloads are answers with content (200) or with "you have it already" (304: seen again). A part
of a file (206) is not counted, since one reading of a PDF causes dozens of parts after the 200 of the
whole.
"""

import re
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final, NamedTuple

from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from services.ingest.imports.access_log.request import Request
from services.ingest.reading.skew import EARLIEST

_SEEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED})
_REDIRECTS: Final = range(300, 400)
_ERRORS: Final = range(400, 600)

_DOWNLOADS: Final = re.compile(
    r"pdf|jar|war|zip|gz|tgz|bz2|tbz|xz|7z|rar|tar|zst|exe|msi|dmg|pkg|deb|rpm|apk|appimage|iso|img|bin|whl|gem"
    r"|docx?|odt|rtf|xlsx?|ods|pptx?|odp|pps|key|epub|mobi"
)
_PAGE_PARTS: Final = re.compile(
    r"css|m?js|map|json|png|jpe?g|gif|svg|webp|avif|bmp|ico|cur|woff2?|ttf|otf|eot|swf|mp[34]|webm|ogg|wasm"
    r"|webmanifest"
)
_FOR_ROBOTS: Final = re.compile(r"/(?:robots\.txt|sitemap[^/]*\.xml(?:\.gz)?|\.well-known/.*)")


class Ignored(StrEnum):
    """Why a request is not an interaction."""

    METHOD = "not a GET"
    REDIRECT = "redirect"
    ERROR = "error answer"
    PART_OF_FILE = "part of a file"
    OTHER_STATUS = "other status"
    PART_OF_PAGE = "part of a page"
    FOR_ROBOTS = "for robots"
    EMPTY = "empty line"


class Seen(NamedTuple):
    """A visitor saw a page (`visit`) or took a file (`download`); `search` is the query with its `?`."""

    type: str
    address: str
    user_agent: str | None
    occurred_at: datetime
    host: str
    path: str
    search: str
    referrer: str


def meaning_of(request: Request, latest: datetime) -> Seen | Ignored:
    """Return what a request means; raises LineRefused without a request, or outside of 2000 to `latest`."""
    if not request.target:
        # Connections that close at once, and connections that speak TLS to a plain port.
        if request.status in _ERRORS:
            return Ignored.ERROR
        raise LineRefused(RefusalReason.NO_REQUEST)
    if request.method != "GET":
        return Ignored.METHOD
    if request.status not in _SEEN:
        return _ignored(request.status)
    path, search = _path_and_search(request.target)
    if _FOR_ROBOTS.fullmatch(path):
        return Ignored.FOR_ROBOTS
    stem, _, ending = path.rpartition("/")[2].rpartition(".")
    ending = ending.lower() if stem else ""
    if _PAGE_PARTS.fullmatch(ending):
        return Ignored.PART_OF_PAGE
    if request.at < EARLIEST:
        raise LineRefused(RefusalReason.TOO_EARLY)
    if request.at > latest:
        raise LineRefused(RefusalReason.FUTURE)
    return Seen(
        type="download" if _DOWNLOADS.fullmatch(ending) else "visit",
        address=request.visitor,
        user_agent=request.user_agent,
        occurred_at=request.at,
        host=request.host,
        path=path,
        search=search,
        referrer=request.referrer,
    )


def _ignored(status: int) -> Ignored:
    if status == HTTPStatus.PARTIAL_CONTENT:
        return Ignored.PART_OF_FILE
    if status in _REDIRECTS:
        return Ignored.REDIRECT
    return Ignored.ERROR if status in _ERRORS else Ignored.OTHER_STATUS


def _path_and_search(target: str) -> tuple[str, str]:
    if not target.startswith("/"):
        # Proxies are asked for whole URLs.
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, mark, search = target.partition("#")[0].partition("?")
    return path, mark + search
