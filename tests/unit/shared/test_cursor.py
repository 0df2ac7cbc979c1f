import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cursor import read_cursor, write_cursor
from shared.errors import Refused


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_a_cursor_gives_back_its_key(key: list[str]) -> None:
    assert read_cursor(write_cursor(*key), len(key)) == tuple(key)


@pytest.mark.parametrize("foreign", ["", "x", "####", "e30", "WzFd", "WyJhIl0", "WyJhIiwiYiJd="])
def test_what_was_never_a_cursor_is_refused(foreign: str) -> None:
    with pytest.raises(Refused, match="next_cursor"):
        read_cursor(foreign, 3)
