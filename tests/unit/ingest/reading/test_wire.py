from typing import Any

import msgspec
import pytest

from services.ingest.reading.wire import decode
from shared.errors import Refused


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    type: str
    more: dict[str, int] | None = None


SHAPES = msgspec.json.Decoder(Shape)
ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b"", "json_invalid", None),
        (b'{"type":"a"', "json_invalid", None),
        (b'{"type":"a"} x', "json_invalid", None),
        (b'{"type":"\xff"}', "json_invalid", None),
        (b'{"type":"\x00"}', "json_invalid", None),
        (b"[1]", "shape_invalid", None),
        (b"{}", "shape_invalid", "type"),
        (b'{"type":1}', "shape_invalid", "type"),
        (b'{"type":"a","colour":1}', "shape_invalid", "colour"),
        (b'{"type":"a","more":{"b":"c"}}', "shape_invalid", "more[...]"),
    ],
)
def test_a_body_that_does_not_fit_the_schema_is_refused_with_its_field(
    data: bytes, code: str, field: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        decode(SHAPES, data)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_the_message_of_a_refusal_is_short_for_any_input() -> None:
    with pytest.raises(Refused) as refused:
        decode(SHAPES, b'{"type":"a","' + b"x" * 30_000 + b'":1}')
    assert len(refused.value.message) < 250


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000])
def test_endless_nesting_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refused:
        decode(ANYTHING, data)
    assert refused.value.code == "too_deep"


@pytest.mark.parametrize("number", [b"1e999", b"9" * 5_000, b"NaN", b"Infinity"])
def test_numbers_that_are_not_finite_are_refused(number: bytes) -> None:
    with pytest.raises(Refused):
        decode(ANYTHING, b'{"a":' + number + b"}")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\ud83dx", "\ufffdx"),
        (rb"\ude00\uD83D", "\ufffd\ufffd"),
        (rb"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"\ud83d\ude00 \udc00", "\U0001f600 \ufffd"),
        (rb"\\ud83d \ud83d", r"\ud83d " + "\ufffd"),
        (rb"\"\ud83d\"", '"\ufffd"'),
    ],
)
def test_half_a_surrogate_pair_is_read_as_the_replacement_character(text: bytes, read: str) -> None:
    assert decode(ANYTHING, b'"' + text + b'"') == read
