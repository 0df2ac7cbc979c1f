"""Heads of responses are read alike, in whatever pieces they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handoff.sending.bounded import MAX_INFORMATIONAL, Heads, TooMuch

INFORMATIONAL = st.sampled_from(
    [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 199 \n\n", b"HTTP/1.1 103 Hints\r\na: b\r\nc: d\r\n\r\n"]
)
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n"
ANSWER = HEAD + b"HTTP/1.1 100 Body\r\n\r\n" * 50


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@given(
    st.lists(INFORMATIONAL, max_size=2 * MAX_INFORMATIONAL), st.lists(st.integers(min_value=0), max_size=20)
)
def test_only_more_than_the_allowed_informational_heads_raise_too_much(
    heads: list[bytes], cuts: list[int]
) -> None:
    followed = Heads()
    parts = pieces(b"".join(heads) + ANSWER, cuts)

    if len(heads) <= MAX_INFORMATIONAL:
        of_heads = sum(followed.add(part) for part in parts)
        assert followed.over
        assert of_heads == len(b"".join(heads)) + len(HEAD)
    else:
        with pytest.raises(TooMuch):  # noqa: PT012 - in which piece is up to the cuts
            for part in parts:
                followed.add(part)
