from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cursor import read_cursor, write_cursor
from shared.errors import Refused


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_cursor_gives_back_its_key(key: list[str]) -> None:
    assert read_cursor(write_cursor("people", *key), "people", len(key)) == tuple(key)


NESTED = urlsafe_b64encode(b"[" * 3_000).decode()


@pytest.mark.parametrize("foreign", ["", "x", "####", "é", "e30", "W10", "WzFd", "WyJhIiwxXQ", NESTED])
def test_what_was_never_a_cursor_is_refused(foreign: str) -> None:
    with pytest.raises(Refused, match="next_cursor of a page before") as refused:
        read_cursor(foreign, "people", 1)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize(
    "another",
    [write_cursor("people -best", "1"), write_cursor("firms", "1"), write_cursor("people", "1", "2")],
)
def test_a_cursor_of_another_list_or_order_is_refused(another: str) -> None:
    with pytest.raises(Refused, match="another list or order than `people`") as refused:
        read_cursor(another, "people", 1)
    assert refused.value.field == "cursor"
