"""Lines of access logs as servers write them."""

from datetime import UTC, datetime

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:25.0) Gecko/20100101 Firefox/25.0"
AT = datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)


def common(
    request: str = "GET /pricing HTTP/1.1",
    status: int = 200,
    *,
    head: str = "83.149.9.216 - -",
    at: str = "17/May/2015:10:05:03 +0000",
) -> str:
    return f'{head} [{at}] "{request}" {status} 203023'


def combined(
    request: str = "GET /pricing HTTP/1.1",
    status: int = 200,
    *,
    head: str = "83.149.9.216 - -",
    referrer: str = "-",
    user_agent: str = FIREFOX,
    at: str = "17/May/2015:10:05:03 +0000",
) -> str:
    return f'{common(request, status, head=head, at=at)} "{referrer}" "{user_agent}"'
