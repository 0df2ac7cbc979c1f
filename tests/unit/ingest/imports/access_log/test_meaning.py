from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.imports.access_log.meaning import Ignored, Seen, meaning_of
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason
from tests.unit.ingest.imports.access_log.log_lines import AT, FIREFOX, combined, common, read

NOW = datetime(2016, 1, 1, tzinfo=UTC)


def meaning(line: str) -> Seen | Ignored:
    return meaning_of(read(line), NOW)


def seen(*given: Any, **changes: Any) -> Seen:
    found = meaning(combined(*given, **changes))
    assert isinstance(found, Seen)
    return found


def test_a_page_is_a_visit() -> None:
    assert seen("GET /pricing?plan=pro HTTP/1.1", referrer="http://a.example/") == Seen(
        type="visit",
        address="83.149.9.216",
        user_agent=FIREFOX,
        occurred_at=AT,
        host="",
        path="/pricing",
        search="?plan=pro",
        referrer="http://a.example/",
    )


@pytest.mark.parametrize("path", ["/a.pdf", "/a.PDF", "/a.tar.gz", "/a.jar?v=2", "/b/c.docx", "/x.epub"])
def test_a_file_is_a_download(path: str) -> None:
    assert seen(f"GET {path} HTTP/1.1").type == "download"


@pytest.mark.parametrize(
    "path", ["/", "/a.html", "/a.pdf.html", "/a.php", "/v1.2/", "/a.txt", "/pdf", "/.pdf", "/feed.xml"]
)
def test_other_paths_are_visits(path: str) -> None:
    assert seen(f"GET {path} HTTP/1.1").type == "visit"


def test_a_304_answer_is_a_visit() -> None:
    assert seen(status=304).type == "visit"


def test_a_dash_is_read_as_empty() -> None:
    assert (seen(user_agent="-").user_agent, seen(referrer="-").referrer) == ("", "")


def test_an_absolute_url_is_read_as_its_path() -> None:
    assert seen("GET http://a.example/b?c HTTP/1.1").path == "/b"


def test_a_url_inside_a_path_stays_in_the_path() -> None:
    assert seen("GET /go/https://other.example/pricing HTTP/1.1").path == "/go/https://other.example/pricing"


@pytest.mark.parametrize(
    ("request_line", "status", "reason"),
    [
        ("HEAD / HTTP/1.1", 200, Ignored.METHOD),
        ("POST /form HTTP/1.1", 200, Ignored.METHOD),
        ("GET /old HTTP/1.1", 301, Ignored.REDIRECT),
        ("GET /none HTTP/1.1", 404, Ignored.ERROR),
        ("GET / HTTP/1.1", 500, Ignored.ERROR),
        (r"\x16\x03\x01", 400, Ignored.ERROR),
        ("-", 408, Ignored.ERROR),
        ("GET /a.pdf HTTP/1.1", 206, Ignored.PART_OF_FILE),
        ("GET /ping HTTP/1.1", 204, Ignored.OTHER_STATUS),
        ("GET /style.css?v=1 HTTP/1.1", 200, Ignored.PART_OF_PAGE),
        ("GET /favicon.ico HTTP/1.1", 200, Ignored.PART_OF_PAGE),
        ("GET /font.woff2 HTTP/1.1", 304, Ignored.PART_OF_PAGE),
        ("GET /robots.txt HTTP/1.1", 200, Ignored.FOR_ROBOTS),
        ("GET /sitemap.xml HTTP/1.1", 200, Ignored.FOR_ROBOTS),
    ],
)
def test_requests_that_are_not_interactions_are_ignored_with_a_reason(
    request_line: str, status: int, reason: Ignored
) -> None:
    assert meaning(combined(request_line, status)) is reason


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (common("-"), RefusalReason.NO_REQUEST),
        (common(""), RefusalReason.NO_REQUEST),
        (common(at="31/Dec/1999:23:59:59 +0000"), RefusalReason.TOO_EARLY),
        (common(at="01/Jan/2016:00:00:01 +0000"), RefusalReason.FUTURE),
        (common(at="01/Jan/2150:00:00:00 +0000"), RefusalReason.FUTURE),
    ],
)
def test_lines_without_a_request_or_with_an_impossible_time_are_refused(
    line: str, reason: RefusalReason
) -> None:
    with pytest.raises(LineRefused) as refusal:
        meaning(line)
    assert refusal.value.reason is reason
