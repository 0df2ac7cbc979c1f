from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.web.cursor import MAX_LENGTH, Keyset, moment, number, text, whole

COMPANIES = Keyset("companies", text)


def encoded(json: bytes) -> str:
    return urlsafe_b64encode(json).decode()


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_cursor_returns_its_key(key: list[str]) -> None:
    companies = Keyset("companies", *(str for _ in key))
    assert companies.read(companies.write(*key)) == tuple(key)


def test_each_part_of_a_key_is_read_in_its_own_type() -> None:
    scores = Keyset("scores", moment, number, whole, text)
    noon = datetime(2026, 3, 14, 14, tzinfo=timezone(timedelta(hours=2)))
    assert scores.read(scores.write(noon, 12.345, 7, "ana")) == (
        datetime(2026, 3, 14, 12, tzinfo=UTC), 12.345, 7, "ana",
    )  # fmt: skip


def test_without_a_cursor_the_key_is_empty() -> None:
    assert COMPANIES.read(None) == ()


@pytest.mark.parametrize(
    "cursor",
    [
        "", "x", "####", "é", "e30", "W10", "WzFd", "WyJhIiwxXQ",
        encoded(b"[" * 900), encoded(b'["companies",' + b"[" * 900), encoded(b'["companies",["a"]]'),
        encoded(b'["companies","a\xff"]'), encoded(b'["companies","\\ud800"]'),
        encoded(b'["companies",null]'),
        COMPANIES.write("a" * MAX_LENGTH),
        COMPANIES.write(), COMPANIES.write("a", "b"), COMPANIES.write("a\0"),
        Keyset("companies by -best").write("a"), Keyset("people").write("a"),
    ],
)  # fmt: skip
def test_a_cursor_of_another_list_or_order_is_refused(cursor: str) -> None:
    with pytest.raises(Refused, match="not a cursor of the list `companies`") as refused:
        COMPANIES.read(cursor)
    assert (refused.value.code, refused.value.field) == ("cursor_invalid", "cursor")


@pytest.mark.parametrize(
    ("read", "part"),
    [
        (number, "nan"), (number, "inf"), (number, "1e400"), (number, "1e14"), (whole, "-1"),
        (whole, "1.5"), (whole, str(2**31)), (whole, "9" * 5_000), (moment, "noon"),
        (moment, "2026-03-14T12:00:00"),
        (moment, "0001-01-01T00:00:00+12:00"),
    ],
)  # fmt: skip
def test_a_key_part_that_a_database_cannot_compare_is_refused(
    read: Callable[[str], object], part: str
) -> None:
    keyset = Keyset("list", read)
    with pytest.raises(Refused):
        keyset.read(keyset.write(part))
