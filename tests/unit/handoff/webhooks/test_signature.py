"""Our signatures against the reference library's."""

import base64
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from services.handoff.webhooks.signature import SECRET_BYTES, secret_of, signature, signed_headers

SECRET = secret_of(b"0123456789abcdef0123456789abcdef")
OTHER = secret_of(b"fedcba9876543210fedcba9876543210")


def test_a_secret_is_shown_as_its_prefix_and_base64() -> None:
    assert "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode() == SECRET
    assert len(base64.b64decode(SECRET.removeprefix("whsec_"))) == SECRET_BYTES


@given(body=st.text(), at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - zone is set below
def test_signatures_equal_those_of_the_reference_library(body: str, at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    theirs = Webhook(SECRET).sign("msg_1", at, body)
    assert signature([SECRET], "msg_1", int(at.timestamp()), body.encode()) == theirs


def test_several_secrets_give_several_signatures_in_their_order() -> None:
    both = signature([SECRET, OTHER], "msg_1", 1_700_000_000, b"{}")
    assert both.split(" ") == [
        signature([secret], "msg_1", 1_700_000_000, b"{}") for secret in (SECRET, OTHER)
    ]


def test_bytes_that_are_not_utf_8_are_signed_unchanged() -> None:
    assert signature([SECRET], "m", 1, b"\xff") != signature([SECRET], "m", 1, b"\xfe")


def test_the_reference_library_verifies_the_headers() -> None:
    now = int(datetime.now(UTC).timestamp())
    headers = dict(signed_headers([OTHER, SECRET], "msg_1", now, b'{"a":1}'))
    assert Webhook(SECRET).verify(b'{"a":1}', headers) == {"a": 1}
    assert headers["webhook-timestamp"] == str(now)
