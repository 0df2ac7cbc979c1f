"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.retry import JITTER, MAX_RETRY_AFTER, SCHEDULE_SECONDS, asked_wait, delay

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
MIDDLE = 0.5
failures = st.integers(1, len(SCHEDULE_SECONDS))
jitters = st.floats(0, 1, exclude_max=True)


def test_the_schedule_adds_up_to_the_table_in_its_comment() -> None:
    waits = [delay(n, MIDDLE) for n in range(1, 14)]
    assert sum(filter(None, waits), timedelta()) == timedelta(hours=52, minutes=52, seconds=35)


def test_an_outage_of_half_an_hour_is_over_long_before_the_first_contact_is_due() -> None:
    elapsed = timedelta()
    for n in range(1, 8):
        elapsed += delay(n, MIDDLE) or timedelta()
        if elapsed > timedelta(minutes=30):
            break
    assert elapsed < timedelta(hours=1)


@given(failures, jitters)
def test_the_wait_stays_within_its_jitter(n: int, jitter: float) -> None:
    planned = SCHEDULE_SECONDS[n - 1]
    waited = delay(n, jitter)
    assert waited
    assert planned * (1 - JITTER) <= waited.total_seconds() + 1e-6
    assert waited.total_seconds() <= planned * (1 + JITTER) + 1e-6


def test_after_the_last_try_there_is_no_other() -> None:
    assert delay(len(SCHEDULE_SECONDS) + 1, MIDDLE) is None


@given(failures, jitters, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_what_the_receiver_asks_for_only_lengthens_the_wait_and_never_by_days(
    n: int, jitter: float, asked: timedelta
) -> None:
    planned, waited = delay(n, jitter), delay(n, jitter, asked)
    assert planned
    assert waited
    assert planned <= waited <= max(planned, MAX_RETRY_AFTER)


def test_a_receiver_gets_the_two_minutes_it_asks_for() -> None:
    assert delay(1, MIDDLE, timedelta(minutes=2)) == timedelta(minutes=2)


def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    assert asked_wait(" 120 ", NOW) == timedelta(minutes=2)
    assert asked_wait(format_datetime(NOW + timedelta(hours=1), usegmt=True), NOW) == timedelta(hours=1)
    assert asked_wait("Sat, 14 Mar 2026 13:00:00 -0000", NOW) == timedelta(hours=1)


@pytest.mark.parametrize(
    "nonsense", [None, "", "soon", "-5", "1.5", "9" * 5000, "Mon, 99 Foo 2026", "1;2", "\0"]
)
def test_a_retry_after_that_makes_no_sense_asks_for_nothing(nonsense: str | None) -> None:
    assert asked_wait(nonsense, NOW) is None


@given(st.text())
def test_no_retry_after_breaks_the_reader(text: str) -> None:
    asked_wait(text, NOW)
