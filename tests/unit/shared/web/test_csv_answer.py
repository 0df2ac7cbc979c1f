import csv
import io
from typing import Any

import pytest
from starlette.requests import Request

from shared.web.csv_answer import csv_answer, wants_csv
from tests.support.builders import NOON


def request(accept: str | None = None, query: bytes = b"") -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    scope = {
        "type": "http", "method": "GET", "path": "/v1/things", "query_string": query, "headers": headers,
        "server": ("flipline", 80), "scheme": "http",
    }  # fmt: skip
    return Request(scope)


@pytest.mark.parametrize(
    ("accept", "csv"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/csv", True),
        ("TEXT/CSV; q=0.5", True),
        ("text/csv, application/json", False),
        ("text/csv, application/json;q=0.9", True),
        ("application/json, text/csv;q=0.9", False),
        ("text/csv;q=0", False),
        ("text/csv;q=zero", False),
        ("text/html, text/csv ; header=present ; q=0.4, */*", True),
        (",;,=,q=1", False),
    ],
)
def test_csv_is_sent_if_the_accept_header_prefers_it(accept: str | None, csv: bool) -> None:
    assert wants_csv(request(accept)) is csv


def rows(*values: Any) -> list[list[str]]:
    answer = csv_answer(request(), ["name", "at"], [{"name": value, "at": NOON} for value in values], None)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.reader(io.StringIO(bytes(answer.body).decode(), newline="")))


def test_a_page_is_a_header_and_a_line_for_each_row() -> None:
    assert rows('a "quoted"\r\nname, with all', None, 7) == [
        ["name", "at"],
        ['a "quoted"\r\nname, with all', "2026-03-14T12:00:00Z"],
        ["", "2026-03-14T12:00:00Z"],
        ["7", "2026-03-14T12:00:00Z"],
    ]
    assert rows() == [["name", "at"]]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_looks_like_a_formula_is_escaped(text: str) -> None:
    assert rows(text)[1][0] == f"'{text}"


def test_the_next_page_is_linked_with_the_same_filters() -> None:
    page_request = request(query=b"code=a%26b&limit=1&cursor=old")
    answer = csv_answer(page_request, ["name"], [{"name": "x"}], "next")
    assert answer.headers["link"] == '</v1/things?code=a%26b&limit=1&cursor=next>; rel="next"'
