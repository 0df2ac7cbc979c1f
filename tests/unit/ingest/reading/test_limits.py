import json

import pytest

from services.ingest.reading.limits import MAX_DEPTH, MAX_EVENT_BYTES, MAX_EVENTS, check_count, check_event
from shared.errors import Refused, TooLarge


def test_an_event_of_exactly_the_limit_is_taken() -> None:
    check_event(b" " * MAX_EVENT_BYTES)


def test_an_event_of_one_byte_more_is_refused() -> None:
    with pytest.raises(TooLarge, match="32,768 bytes; this event has 32,769"):
        check_event(b" " * (MAX_EVENT_BYTES + 1))


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_an_event_nested_beyond_the_limit_is_refused() -> None:
    check_event(nested(MAX_DEPTH))
    with pytest.raises(Refused) as refused:
        check_event(nested(MAX_DEPTH + 1))
    assert refused.value.code == "too_deep"
    with pytest.raises(Refused) as refused:
        check_event(nested(5_000))
    assert refused.value.code == "too_deep"


def test_the_breadth_of_an_event_is_not_limited() -> None:
    check_event(json.dumps({"list": [[] for _ in range(1_000)]}).encode())


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"a": {"b": ["ok", "x\0y"]}}, "a.b.1"),
        ({"a": {"b\0": 1}}, "a"),
        ({"b\0": 1}, None),
        ({"\0": {"c": "\0"}}, None),
    ],
)
def test_a_nul_character_is_refused_with_its_field(event: object, field: str | None) -> None:
    with pytest.raises(Refused) as refused:
        check_event(json.dumps(event).encode())
    assert (refused.value.code, refused.value.field) == ("nul_character", field)


def test_text_that_only_looks_like_an_escaped_nul_is_taken() -> None:
    check_event(json.dumps({"path": "C:\\u0000"}).encode())


def test_a_batch_has_a_limited_number_of_events() -> None:
    check_count(MAX_EVENTS)
    with pytest.raises(TooLarge, match="2,500 events; this batch has 2,501"):
        check_count(MAX_EVENTS + 1)
