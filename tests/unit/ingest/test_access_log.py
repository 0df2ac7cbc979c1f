from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.imports.access_log import Ignored, Seen, read_line

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:25.0) Gecko/20100101 Firefox/25.0"


def line(
    request: str = "GET /pricing HTTP/1.1",
    status: int = 200,
    *,
    referrer: str = "-",
    user_agent: str = FIREFOX,
    at: str = "17/May/2015:10:05:03 +0000",
) -> str:
    return f'83.149.9.216 - - [{at}] "{request}" {status} 203023 "{referrer}" "{user_agent}"'


def seen(**changes: Any) -> Seen:
    verdict = read_line(line(**changes))
    assert isinstance(verdict, Seen)
    return verdict


def test_a_page_is_a_visit() -> None:
    assert seen(request="GET /pricing?plan=pro HTTP/1.1", referrer="http://a.example/") == Seen(
        type="visit",
        address="83.149.9.216",
        user_agent=FIREFOX,
        occurred_at=datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC),
        path="/pricing",
        search="?plan=pro",
        referrer="http://a.example/",
    )


@pytest.mark.parametrize("path", ["/a.pdf", "/a.PDF", "/a.tar.gz", "/a.jar?v=2", "/b/c.docx", "/x.epub"])
def test_a_file_is_a_download(path: str) -> None:
    assert seen(request=f"GET {path} HTTP/1.1").type == "download"


@pytest.mark.parametrize(
    "path", ["/", "/a.html", "/a.pdf.html", "/a.php", "/v1.2/", "/a.txt", "/pdf", "/feed.xml"]
)
def test_everything_else_is_a_page(path: str) -> None:
    assert seen(request=f"GET {path} HTTP/1.1").type == "visit"


def test_a_page_that_was_cached_is_seen_again() -> None:
    assert seen(status=304).type == "visit"


def test_the_instant_is_in_utc() -> None:
    assert seen(at="01/Jan/2024:00:30:00 +0200").occurred_at == datetime(2023, 12, 31, 22, 30, tzinfo=UTC)
    assert seen(at="31/Dec/2023:22:30:00 -0330").occurred_at == datetime(2024, 1, 1, 2, 0, tzinfo=UTC)


def test_a_dash_stands_for_nothing() -> None:
    assert (seen(user_agent="-").user_agent, seen(referrer="-").referrer) == ("", "")


def test_quotes_within_quotes_are_escaped() -> None:
    assert seen(user_agent=r"a \"b\" c").user_agent == r"a \"b\" c"


def test_a_whole_url_is_read_by_its_path() -> None:
    assert seen(request="GET http://a.example/b?c HTTP/1.1").path == "/b"


@pytest.mark.parametrize(
    ("request_line", "status", "reason"),
    [
        ("HEAD / HTTP/1.1", 200, Ignored.METHOD),
        ("POST /form HTTP/1.1", 200, Ignored.METHOD),
        ("GET /old HTTP/1.1", 301, Ignored.REDIRECT),
        ("GET /none HTTP/1.1", 404, Ignored.ERROR),
        ("GET / HTTP/1.1", 500, Ignored.ERROR),
        ("GET /a.pdf HTTP/1.1", 206, Ignored.PART_OF_FILE),
        ("GET /ping HTTP/1.1", 204, Ignored.OTHER_STATUS),
        ("GET /style.css?v=1 HTTP/1.1", 200, Ignored.PART_OF_PAGE),
        ("GET /favicon.ico HTTP/1.1", 200, Ignored.PART_OF_PAGE),
        ("GET /font.woff2 HTTP/1.1", 304, Ignored.PART_OF_PAGE),
        ("GET /robots.txt HTTP/1.1", 200, Ignored.FOR_ROBOTS),
        ("GET /sitemap.xml HTTP/1.1", 200, Ignored.FOR_ROBOTS),
    ],
)
def test_what_nobody_did_is_ignored_with_its_reason(request_line: str, status: int, reason: Ignored) -> None:
    assert read_line(line(request_line, status)) is reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        line()[:-1],
        line("-"),
        line(""),
        line(at="17/Mai/2015:10:05:03 +0000"),
        line(at="31/Feb/2015:10:05:03 +0000"),
        line(at="17/May/2015:10:05:03 +9900"),
        line(at="01/Jan/0001:00:00:00 +1200"),
        line(user_agent="x" * 20_000),
    ],
)
def test_what_is_no_line_of_a_combined_log_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_line(text)


def test_a_hostile_line_takes_no_time() -> None:
    for text in (
        'a - - ["' * 2_000,
        "a - - " + "b " * 8_000,
        'a - - [17/May/2015:10:05:03 +0000] "' + '\\"' * 7_000,
    ):
        with pytest.raises(ValueError, match="format"):
            read_line(text)
