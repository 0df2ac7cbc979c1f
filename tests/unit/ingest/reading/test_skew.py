from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.reading.skew import occurred_at, read_instant, read_sent_at
from shared.errors import Refused

RECEIVED = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def when(text: str | None, sent_at: datetime | None = None) -> datetime:
    return occurred_at(text, field="timestamp", received_at=RECEIVED, sent_at=sent_at)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T07:38:16.371Z",
        "2026-11-22T07:38:16.371000+00:00",
        "2026-11-22T07:38:16.371",
        "2026-11-22 07:38:16.371",
        "2026-11-22T08:38:16.371+01:00",
        "2026-11-22T07:38:16.371000999Z",
    ],
)
def test_instants_in_the_formats_of_sdks_are_read_as_utc(text: str) -> None:
    assert read_instant(text) == datetime(2026, 11, 22, 7, 38, 16, 371_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1700000000",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1970-01-01",
    ],
)
def test_an_invalid_or_far_too_early_instant_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Refused) as refused:
        when(text)
    assert (refused.value.code, refused.value.field) == ("instant_invalid", "timestamp")


def test_an_event_without_a_timestamp_occurred_when_it_was_received() -> None:
    assert when(None) == RECEIVED


def test_a_timestamp_without_sent_at_is_not_corrected() -> None:
    assert when("2026-11-22T07:00:00Z") == RECEIVED - 5 * HOUR


@pytest.mark.parametrize("off_by", [-3 * HOUR, timedelta(0), 3 * HOUR])
def test_a_wrong_clock_is_corrected_by_sent_at(off_by: timedelta) -> None:
    truth = RECEIVED - 2 * HOUR
    assert when((truth + off_by).isoformat(), sent_at=RECEIVED + off_by) == truth


def test_a_future_timestamp_becomes_the_time_of_receipt() -> None:
    assert when("2031-01-01T00:00:00Z") == RECEIVED
    assert when("9999-12-31T23:59:59Z", sent_at=RECEIVED - HOUR) == RECEIVED


def test_an_event_sent_before_it_occurred_gets_the_time_of_receipt() -> None:
    assert when((RECEIVED + HOUR).isoformat(), sent_at=RECEIVED) == RECEIVED


def test_an_import_keeps_its_old_timestamps() -> None:
    then = datetime(2015, 5, 17, 10, 5, tzinfo=UTC)
    assert when(then.isoformat()) == then
    assert when(then.isoformat(), sent_at=RECEIVED) == then


def test_a_sent_at_that_is_days_off_is_ignored() -> None:
    then = datetime(2015, 5, 17, 10, 5, tzinfo=UTC)
    assert when(then.isoformat(), sent_at=then) == then


def test_a_sent_at_that_cannot_be_read_corrects_nothing() -> None:
    assert read_sent_at("Sun Nov 22 2026") is None
    assert read_sent_at(None) is None
