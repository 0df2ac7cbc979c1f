from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.imports.access_log.instants import any_instant
from services.ingest.imports.access_log.refusal import LineRefused, RefusalReason

AT = datetime(2026, 11, 15, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("15/Nov/2026:10:00:01 +0000", AT),
        ("15/Nov/2026:11:00:01 +0100", AT),
        ("15/Nov/2026:06:30:01 -0330", AT),
        ("15/Nov/2026:10:00:01.250 +0000", AT),
        ("01/Jan/2024:00:30:00 +0200", datetime(2023, 12, 31, 22, 30, tzinfo=UTC)),
        ("2026-11-15T10:00:01Z", AT),
        ("2026-11-15 10:00:01", AT),
        ("2026-11-15 11:00:01 +0100", AT),
        ("2026/11/15 10:00:01 UTC", AT),
        ("2026-11-15T10:00:01,000000001+00:00", AT),
        ("1794736801", AT),
        ("1794736801.000", AT),
        (1794736801, AT),
        (1794736801.0, AT),
        (1794736801000, AT),
        (1794736801000000, AT),
        (1794736801000000000, AT),
        ("30/Jun/2015:23:59:60 +0000", datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_utc(value: Any, instant: datetime) -> None:
    assert any_instant(value) == instant
    assert any_instant(value).tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("15/Mai/2026:10:00:01 +0000", RefusalReason.MONTH),
        ("2026-13-15T10:00:01Z", RefusalReason.MONTH),
        ("31/Feb/2026:10:00:01 +0000", RefusalReason.DAY),
        ("00/Nov/2026:10:00:01 +0000", RefusalReason.DAY),
        ("01/Jan/0000:10:00:01 +0000", RefusalReason.DAY),
        ("2026-02-30T10:00:01Z", RefusalReason.DAY),
        ("15/Nov/2026:24:00:01 +0000", RefusalReason.HOUR),
        ("15/Nov/2026:10:60:01 +0000", RefusalReason.HOUR),
        ("15/Nov/2026:10:00:61 +0000", RefusalReason.HOUR),
        ("2026-11-15T25:00:01Z", RefusalReason.HOUR),
        ("15/Nov/2026:10:00:01 +9900", RefusalReason.ZONE),
        ("15/Nov/2026:10:00:01 +0060", RefusalReason.ZONE),
        ("2026-11-15T10:00:01+23:00", RefusalReason.ZONE),
        ("01/Jan/0001:00:00:00 +1200", RefusalReason.TOO_EARLY),
        ("31/Dec/9999:23:59:59 -1200", RefusalReason.FUTURE),
        ("9999-12-31T23:59:59-12:00", RefusalReason.FUTURE),
        ("", RefusalReason.TIME_SHAPE),
        ("yesterday", RefusalReason.TIME_SHAPE),
        ("15/11/2026:10:00:01 +0000", RefusalReason.TIME_SHAPE),
        ("\N{ARABIC-INDIC DIGIT ONE}5/Nov/2026:10:00:01 +0000", RefusalReason.TIME_SHAPE),
        (1e300, RefusalReason.TIME_SHAPE),
        (None, RefusalReason.TIME_SHAPE),
        (True, RefusalReason.TIME_SHAPE),
    ],
)
def test_an_invalid_instant_is_refused_with_a_reason(value: Any, reason: RefusalReason) -> None:
    with pytest.raises(LineRefused) as refusal:
        any_instant(value)
    assert refusal.value.reason is reason
