"""What a worker reports to readiness, with a clock that the test moves."""

import pytest
from sqlalchemy.exc import IntegrityError

from shared.errors import Unavailable
from shared.process.pulse import PASSING_SECONDS, STALLED_SECONDS, Pulse
from shared.reasons import safe_reason, safe_trace

FULL = Unavailable("database_unavailable", "The disk is full.")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def test_a_worker_that_moves_has_no_complaint(clock: Clock, pulse: Pulse) -> None:
    for _ in range(10):
        clock.seconds += STALLED_SECONDS - 1
        pulse.moved()
    assert pulse.complaint() is None


def test_a_short_fault_is_not_a_complaint(clock: Clock, pulse: Pulse) -> None:
    pulse.waits(FULL)
    assert pulse.complaint() is None
    clock.seconds += PASSING_SECONDS
    pulse.moved()
    assert pulse.complaint() is None


def test_a_lasting_fault_is_reported_with_duration_and_cause(clock: Clock, pulse: Pulse) -> None:
    pulse.waits(FULL)
    clock.seconds += 12
    pulse.waits(FULL)
    assert pulse.complaint() == "has waited for 12 s: database_unavailable: The disk is full."
    pulse.moved()
    assert pulse.complaint() is None


def test_progress_does_not_hide_a_waiting_fault(clock: Clock, pulse: Pulse) -> None:
    pulse.waits(FULL)
    clock.seconds += 2
    pulse.progressed()
    assert pulse.complaint() == "has waited for 2 s: database_unavailable: The disk is full."


def test_a_worker_that_is_silent_for_too_long_is_stuck(clock: Clock, pulse: Pulse) -> None:
    clock.seconds += STALLED_SECONDS
    assert pulse.complaint() == "has made no progress for 60 s"
    pulse.progressed()
    assert pulse.complaint() is None


def test_safe_reason_and_safe_trace_leave_out_messages_of_foreign_exceptions() -> None:
    """Drivers and libraries quote rows and payloads, and with them addresses."""

    def fail() -> None:
        try:
            int("ana@example.com")
        except ValueError as error:
            raise IntegrityError("insert ... values (?)", ["ana@example.com"], error) from error

    with pytest.raises(IntegrityError) as raised:
        fail()
    assert "ana@example.com" in str(raised.value)
    text = safe_reason(raised.value) + safe_trace(raised.value)
    assert "ana@example.com" not in text
    assert "IntegrityError" in text
    assert "caused by ValueError" in text
    assert "tests/unit/shared/process/test_pulse.py" in text


def test_every_report_of_a_worker_ends_its_silence(clock: Clock, pulse: Pulse) -> None:
    for report in (pulse.moved, pulse.progressed, lambda: pulse.waits(FULL)):
        clock.seconds += 100
        assert pulse.silent_seconds == 100
        report()
        assert pulse.silent_seconds == 0
