"""Write keys, and nothing else, are removed from bodies of any form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.reading.redaction import Redaction
from shared.events import Envelope
from tests.support.builders import NOON

KEY = "fl_write_secret"
REDACTION = Redaction(["writeKey", "api_secret"])


def redacted(text: str) -> str:
    return REDACTION.of_bytes(text.encode()).decode()


def wrapped(value: Any, levels: int) -> str:
    """JSON that is put into a JSON string `levels` times, as by a client that encodes twice."""
    for _ in range(levels):
        value = json.dumps(value)
    return json.dumps(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("writeKey", KEY), ("writekey", KEY), ("write_key", KEY), ("WRITE-KEY", KEY), ("apiSecret", KEY),
        ("writeKey", 'a"b\\' + KEY), ("writeKey", [KEY, {"]": KEY}]), ("writeKey", {"}": {"key": KEY}}),
        ("writeKey", 12.5), ("api_secret", "\\"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_keys_are_redacted_in_json_that_was_encoded_several_times(name: str, value: Any, levels: int) -> None:
    body = {"type": "visit", "more": {"a": [{name: value, "id": "e1"}]}, name: value, "end": "\\"}
    expected = {"type": "visit", "more": {"a": [{name: "-", "id": "e1"}]}, name: "-", "end": "\\"}
    assert redacted(wrapped(body, levels)) == wrapped(expected, levels)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rf'{{"\u0077rite\u004Bey":"{KEY}","a":1}}', r'{"\u0077rite\u004Bey":"-","a":1}'),
        (f'{{"writeKey" : "{KEY}', '{"writeKey" : "-"'),
        (f'{{"writeKey":["{KEY}', '{"writeKey":"-"'),
        (f"{{'type': 'visit', 'writeKey': '{KEY}', 'a': 1}}", "{'type': 'visit', 'writeKey': '-', 'a': 1}"),
        (f"type=visit&writeKey={KEY}&a=1", "type=visit&writeKey=-&a=1"),
        (f"type=visit&write%4Bey={KEY}", "type=visit&write%4Bey=-"),
        (f'{{"url":"https://a.example/?api_secret={KEY}"}}', '{"url":"https://a.example/?api_secret=-"}'),
        (
            f'--x\r\nContent-Disposition: form-data; name="writeKey"\r\n\r\n{KEY}\r\n--x--',
            '--x\r\nContent-Disposition: form-data; name="writeKey"\r\n\r\n-\r\n--x--',
        ),
        # A quotation that is cut off ends with the text.
        (
            rf'{{"a":"cut \"writeKey\": \"{KEY}","type":"visit"}}',
            r'{"a":"cut \"writeKey\": \"-\"","type":"visit"}',
        ),
    ],
)
def test_keys_are_redacted_in_forms_urls_and_broken_json(text: str, expected: str) -> None:
    assert redacted(text) == expected


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_keys_are_redacted_in_utf_16(encoding: str) -> None:
    shown = REDACTION.of_bytes(json.dumps({"writeKey": KEY, "a": 1}).encode(encoding)).replace(b"\0", b"")
    assert KEY.encode() not in shown
    assert b'"a"' in shown


@pytest.mark.parametrize(
    "text",
    [
        '{"writeKeys":"a","mywriteKey":"b","key":"c","write":"d"}',
        '{"writeKey":null}',
        '{"a":"writeKeys=a&mywriteKey=b"}',
        '{"a":"writeKey","b":["writeKey","c"]}',
        "writeKey=&a=1",
    ],
)
def test_text_without_key_fields_is_unchanged(text: str) -> None:
    assert redacted(text) == text


def test_redaction_is_idempotent() -> None:
    once = redacted(json.dumps({"writeKey": [KEY], "a": "writeKey=b"}))
    assert redacted(once) == once


def test_without_a_field_nothing_is_redacted() -> None:
    assert Redaction([]).of_bytes(b'{"":"a"}') == b'{"":"a"}'


FRAGMENTS = st.sampled_from([
    '"', "'", "\\", "[", "]", "{", "}", ":", "=", "&", ",", "\n", "\r\n", "--", " ", "?", "a", "-", "=-",
    "writeKey", "api_secret", '"writeKey"', '"writeKey":"', "'writeKey': '", "writeKey=",
    '\\"writeKey\\":\\"', '"writeKey":[', "Content-Disposition: form-data; name=writeKey\n\n",
])  # fmt: skip
TEXTS = st.lists(FRAGMENTS, max_size=8).map("".join)
NAMES = st.sampled_from(["writeKey", "api_secret", "a", '"', "\\", "'writeKey'", ""])
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(NAMES, parts, max_size=3),
    max_leaves=8,
)


def shape(value: Any, *, secret: bool = False) -> Any:
    """The value with its texts and its secrets left out."""
    if secret and value is not None:
        return "-"
    if isinstance(value, dict):
        return [shape(part, secret=name in {"writeKey", "api_secret"}) for name, part in value.items()]
    if isinstance(value, list):
        return [shape(part) for part in value]
    return "-" if isinstance(value, str) else value


@given(VALUES, st.integers(0, 2))
def test_redacted_json_has_the_same_structure(value: Any, levels: int) -> None:
    """A letter whose other fields were damaged could not be replayed."""
    left: Any = redacted(wrapped(value, levels))
    for _ in range(levels + 1):
        left = json.loads(left)
    assert shape(left) == shape(value)


@pytest.mark.parametrize(
    "data",
    [
        b"\\" * 500_000,
        b'"writeKey":"' * 40_000,
        b'{"writeKey":[' * 40_000,
        b'{"writeKey":"' + b"\\" * 500_000,
        b"w\0" * 250_000,
        b"content-disposition: form-data; name=writeKey\n" * 11_000,
    ],
    ids=["backslashes", "texts", "brackets", "escapes", "gaps", "parts"],
)
def test_hostile_bodies_are_redacted_without_hanging(data: bytes) -> None:
    """Quadratic time would be hours."""
    REDACTION.of_bytes(data)


def test_keys_are_redacted_in_the_envelope() -> None:
    context = {"traits": {"writeKey": KEY, "title": "VP"}}
    left = REDACTION.of_envelope(Envelope(user_agent="a", sent_at=NOON, context=context))
    expected = {"traits": {"writeKey": "-", "title": "VP"}}
    assert left == Envelope(user_agent="a", sent_at=NOON, context=expected)
    assert REDACTION.of_envelope(None) is None
