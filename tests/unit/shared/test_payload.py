import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused
from shared.events import DeadLetter, decode, encode
from shared.payload import EXCERPT_BYTES, MAX_PAYLOAD_BYTES, payload_of, text_payload
from shared.payload import bytes_of as bytes_of_letter
from tests.worlds.dead_letters import letter


def kept(data: bytes) -> DeadLetter:
    return letter(**payload_of(data)._asdict())


@given(st.binary(max_size=2_000) | st.text().map(lambda text: text.encode(errors="replace")))
def test_the_bytes_of_a_payload_survive_encoding(data: bytes) -> None:
    written = decode(encode(kept(data)))
    assert isinstance(written, DeadLetter)
    assert bytes_of_letter(written) == data


def test_text_stays_readable_and_other_bytes_are_base64() -> None:
    assert (kept(b'{"type":"visit"}').payload, kept(b"\xff").encoding) == ('{"type":"visit"}', "base64")
    assert kept(b"a\0b").encoding == "base64", "no database keeps a NUL in a text"


@pytest.mark.parametrize("byte", [b"x", b'"', b"\x01", b"\xff"])
def test_the_largest_payload_of_any_bytes_fits_into_a_kafka_batch(byte: bytes) -> None:
    largest = kept(byte * MAX_PAYLOAD_BYTES)
    assert not largest.excerpt
    assert len(encode(largest)) < 1_000_000


def test_a_too_large_payload_is_stored_as_an_excerpt_that_cannot_be_replayed() -> None:
    large = kept(b"\xff\0" + b"x" * MAX_PAYLOAD_BYTES)
    assert large.payload.startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}xx")
    assert len(large.payload) == EXCERPT_BYTES
    with pytest.raises(Refused, match="Only an excerpt"):
        bytes_of_letter(large)


def test_a_text_payload_that_is_not_text_is_stored_as_an_excerpt() -> None:
    assert text_payload(b'{"a":"\xff"}', 100).excerpt
    assert text_payload(b"12345", 4).payload == "1234"
    assert not text_payload(b"1234", 4).excerpt


def test_invalid_base64_is_refused() -> None:
    with pytest.raises(Refused, match="base64"):
        bytes_of_letter(letter(payload="a?", encoding="base64"))
