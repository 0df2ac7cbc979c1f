"""A line of a web server's combined log: what somebody did, or why it is nothing anybody did.

Visits and downloads are answers with content (200) or with "you have it already" (304: seen again). A part
of a file (206) is not counted, since one reading of a PDF is dozens of parts after the 200 of the whole.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Final, TypeAlias

# A combined line is some hundred bytes; servers refuse request lines beyond 8 KB.
MAX_LINE_LENGTH: Final = 16 * 1024

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rf"(\S+) \S+ (?:\S+ )*?\[(\d\d)/(\w{{3}})/([12]\d{{3}}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "
    rf"{_QUOTED} (\d{{3}}) (?:\d+|-) {_QUOTED} {_QUOTED}\s*"
)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
    """Why a line is no interaction."""

    METHOD = "not a GET"
    REDIRECT = "redirect"
    ERROR = "error answer"
    PART_OF_FILE = "part of a file"
    OTHER_STATUS = "other status"
    PART_OF_PAGE = "part of a page"
    FOR_ROBOTS = "for robots"


@dataclass(frozen=True, slots=True)
class Seen:
    """A visitor saw a page (`visit`) or took a file (`download`); `search` is the query with its `?`."""

    type: str
    address: str
    user_agent: str
    occurred_at: datetime
    path: str
    search: str
    referrer: str


Verdict: TypeAlias = Seen | Ignored


def read_line(line: str) -> Verdict:
    """Tell what a line of a combined log means; raises ValueError when it is no such line."""
    if len(line) > MAX_LINE_LENGTH:
        raise ValueError(f"longer than {MAX_LINE_LENGTH:,} characters")
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("not in combined log format")
    address, request, status, referrer, user_agent = match.group(1, 11, 12, 13, 14)
    occurred_at = _instant(match)
    method, _, rest = request.partition(" ")
    target = rest.partition(" ")[0]
    if not target:
        raise ValueError("without a request")
    if method != "GET":
        return Ignored.METHOD
    if int(status) not in _SEEN:
        return _ignored(int(status))
    path, search = _path_and_search(target)
    if _FOR_ROBOTS.fullmatch(path):
        return Ignored.FOR_ROBOTS
    ending = PurePosixPath(path).suffix[1:].lower()
    if _PAGE_PARTS.fullmatch(ending):
        return Ignored.PART_OF_PAGE
    return Seen(
        type="download" if _DOWNLOADS.fullmatch(ending) else "visit",
        address=address,
        user_agent="" if user_agent == "-" else user_agent,
        occurred_at=occurred_at,
        path=path,
        search=search,
        referrer="" if referrer == "-" else referrer,
    )


def _instant(match: re.Match[str]) -> datetime:
    day, month, year, hour, minute, second, sign, hours, minutes = match.group(2, 3, 4, 5, 6, 7, 8, 9, 10)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(-offset if sign == "-" else offset)
    # The month's name is English whatever the locale, which strptime would read by.
    number = _MONTHS.index(month) + 1
    local = datetime(int(year), number, int(day), int(hour), int(minute), int(second), tzinfo=zone)
    return local.astimezone(UTC)


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
