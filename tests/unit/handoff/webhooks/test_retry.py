"""When a failed delivery is tried again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.webhooks.retry import JITTER, MAX_RETRY_AFTER, SCHEDULE_SECONDS, delay

MIDDLE = 0.5
failures = st.integers(1, len(SCHEDULE_SECONDS))
jitters = st.floats(0, 1, exclude_max=True)


def test_the_schedule_adds_up_to_the_table_in_its_comment() -> None:
    waits = [delay(n, MIDDLE) for n in range(1, 14)]
    assert sum(filter(None, waits), timedelta()) == timedelta(hours=52, minutes=52, seconds=35)


def test_the_first_retry_after_an_outage_of_half_an_hour_comes_within_an_hour() -> None:
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


def test_there_is_no_delay_after_the_last_attempt() -> None:
    assert delay(len(SCHEDULE_SECONDS) + 1, MIDDLE) is None


@given(failures, jitters, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_retry_after_only_lengthens_the_delay_and_is_capped(
    n: int, jitter: float, retry_after: timedelta
) -> None:
    planned, waited = delay(n, jitter), delay(n, jitter, retry_after)
    assert planned
    assert waited
    assert planned <= waited <= max(planned, MAX_RETRY_AFTER)


def test_retry_after_of_two_minutes_is_respected() -> None:
    assert delay(1, MIDDLE, timedelta(minutes=2)) == timedelta(minutes=2)
