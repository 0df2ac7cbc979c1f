from datetime import UTC, datetime

import pytest

from services.ingest.formats.native import NATIVE
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.outcome import MAX_PAYLOAD_BYTES, Refusal, dead_letter, verdict_of
from shared.errors import Refused
from shared.events import DeadLetter, decode, encode
from tests.support.builders import interaction

RECEIVED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ERROR = Refused("type_invalid", "A type is in snake_case.", "type")


def letter(payload: bytes) -> DeadLetter:
    return dead_letter(
        Refusal(ERROR, payload),
        id="d1",
        refused_at=RECEIVED,
        source="/v1/track",
        redaction=NATIVE.redaction,
    )


def test_the_verdict_of_an_accepted_event_has_its_id() -> None:
    verdict = verdict_of(Accepted(interaction(id="e1")), NATIVE.id_fields)
    assert (verdict.id, verdict.status, verdict.code) == ("e1", "accepted", None)


@pytest.mark.parametrize(
    ("payload", "id"),
    [
        (b'{"id":"e1"}', "e1"),
        (b'{"messageId":"m1"}', "m1"),
        (b'{"id":7}', None),
        (b"{}", None),
        (b"[", None),
        (b'"text"', None),
    ],
)
def test_the_verdict_of_a_refused_event_has_the_id_of_its_payload(payload: bytes, id: str | None) -> None:
    verdict = verdict_of(Refusal(ERROR, payload), NATIVE.id_fields)
    assert (verdict.id, verdict.status, verdict.code, verdict.field) == (
        id,
        "refused",
        "type_invalid",
        "type",
    )


def test_a_dead_letter_has_the_error_the_payload_and_the_source() -> None:
    kept = letter(b'{"type":"Visit"}')
    assert (kept.code, kept.message, kept.payload) == (ERROR.code, ERROR.message, '{"type":"Visit"}')
    assert (kept.refused_by, kept.refused_at, kept.source) == ("ingest", RECEIVED, "/v1/track")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"writeKey" : "secret"}',
        b'{"writeKey":"secret',
        b'x"writekey":"secret"',
        b'{"writeKey":"a\\"secret"}',
        b'{"writeKey":"a\\\\\\"secret"}',
        b'\xff{"write_key":"secret"}',
    ],
)
def test_keys_are_removed_from_the_payload_of_a_dead_letter(payload: bytes) -> None:
    assert "secret" not in letter(payload).payload


def test_removing_a_key_leaves_the_rest_of_the_payload_readable() -> None:
    kept = letter(b'{"writeKey":"a\\"b","type":"visit"}')
    assert kept.payload == '{"writeKey":"-","type":"visit"}'


def test_a_payload_over_the_limit_is_stored_as_an_excerpt() -> None:
    most = b'"' + b"x" * (MAX_PAYLOAD_BYTES - 2) + b'"'
    assert (letter(most).payload.encode(), letter(most).excerpt) == (most, False)
    assert (letter(most + b" ").payload.encode(), letter(most + b" ").excerpt) == (most, True)


@pytest.mark.parametrize("payload", [b"\xff\x00\x1f\x8b" * MAX_PAYLOAD_BYTES, b'{"a":"\xff"}', b'"a\0b"'])
def test_a_payload_that_is_not_text_is_stored_as_a_readable_excerpt(payload: bytes) -> None:
    kept = letter(payload)
    assert kept.excerpt
    assert len(kept.payload) <= MAX_PAYLOAD_BYTES
    assert "\0" not in kept.payload
    assert decode(encode(kept)) == kept
