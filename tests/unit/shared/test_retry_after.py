"""The header Retry-After, as servers write it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retry_after import requested_wait

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    assert requested_wait(" 120 ", NOW) == timedelta(minutes=2)
    assert requested_wait(format_datetime(NOW + timedelta(hours=1), usegmt=True), NOW) == timedelta(hours=1)
    assert requested_wait("Sat, 14 Mar 2026 13:00:00 -0000", NOW) == timedelta(hours=1)


@pytest.mark.parametrize(
    "nonsense", [None, "", "soon", "-5", "1.5", "9" * 5000, "Mon, 99 Foo 2026", "1;2", "\0"]
)
def test_a_malformed_retry_after_is_ignored(nonsense: str | None) -> None:
    assert requested_wait(nonsense, NOW) is None


@given(st.text())
def test_any_retry_after_text_is_read_without_an_exception(text: str) -> None:
    requested_wait(text, NOW)
