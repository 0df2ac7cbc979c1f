import io
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from services.ingest.imports.access_log.report import ImportReport
from services.ingest.imports.client import retry_delay_seconds
from services.ingest.imports.closing import ImportResult
from services.ingest.imports.display import printable
from services.ingest.imports.event import event_id
from services.ingest.imports.past import PastImport
from services.ingest.imports.visitor import Anonymiser, load_salt
from shared.errors import Misconfigured


def test_a_visitor_id_is_the_same_for_the_same_address_and_salt() -> None:
    ana = Anonymiser("salt").visitor("83.149.9.216", "Firefox")
    assert ana == Anonymiser("salt").visitor("83.149.9.216", "Firefox")
    assert ana != Anonymiser("salt").visitor("83.149.9.217", "Firefox")
    assert ana != Anonymiser("other").visitor("83.149.9.216", "Firefox")
    assert len(ana) == 32


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_salt_file_without_a_salt_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "import.salt").write_bytes(content)
    with pytest.raises(Misconfigured, match="has no valid salt"):
        load_salt(tmp_path)


def test_the_event_id_depends_on_the_line_its_occurrence_and_the_visitor() -> None:
    line = b"192.0.2.1 - - [...]"
    assert event_id(line, b"\1", 0, "192.0.2.1") == "log_01_0"
    assert event_id(line, b"\1", 1, "192.0.2.1") == "log_01_1"
    assert event_id(b"shop.example:443 " + line, b"\1", 0, "192.0.2.1") == "log2_01_0"
    assert event_id(b"192.0.2.10 - -", b"\1", 0, "192.0.2.1") == "log2_01_0"


def test_the_salt_is_created_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    salt = load_salt(tmp_path / "data")
    assert load_salt(tmp_path / "data") == salt
    assert len(salt) == 64
    assert stat.S_IMODE((tmp_path / "data" / "import.salt").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("failures", "retry_after", "seconds"),
    [
        (1, None, 0.5),
        (2, None, 1),
        (7, None, 30),
        (1, timedelta(seconds=5), 5),
        (1, timedelta(seconds=9999), 120),
        (1, timedelta(seconds=-1), 0.5),
    ],
)
def test_the_delay_doubles_and_honours_retry_after(
    failures: int, retry_after: timedelta | None, seconds: float
) -> None:
    assert retry_delay_seconds(failures, retry_after) == seconds


def shown(outcome: ImportResult) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(outcome.table())
    return out.getvalue()


def test_the_report_names_the_first_lines_of_each_refusal() -> None:
    report = ImportReport(lines=7)
    for number in range(1, 8):
        report.count_refused("too long", number)
    assert "refused: too long (line 1, 2, 3, 4, 5, ...)" in shown(ImportResult(report))


def test_the_report_shows_skipped_lines_and_totals_of_the_whole_file() -> None:
    before = ImportReport(lines=5, visits=4, refused={"too long": 1}, refused_lines={"too long": [2]})
    now = ImportReport(lines=2, visits=1, refused={"too long": 1}, refused_lines={"too long": [7]})
    past = PastImport("a.log", datetime(2026, 11, 15, tzinfo=UTC), 100, "00", before)
    table = [
        [word.strip() for word in row.split("│")[1:-1]] for row in shown(ImportResult(now, past)).splitlines()
    ]
    assert ["lines skipped, imported before", "5", ""] in table
    assert ["lines read", "2", "7"] in table
    assert ["visits", "1", "5"] in table
    assert ["refused: too long (line 2, 7)", "1", "2"] in table


def test_the_report_warns_when_the_format_has_no_user_agents() -> None:
    assert "machines are not recognised" in shown(ImportResult(ImportReport(formats={"vhost_common": 1})))
    assert "machines are not recognised" not in shown(ImportResult(ImportReport(formats={"combined": 1})))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("event_too_large", "larger than an event may be"),
        ("a_new_code", "the instance refuses it (a_new_code)"),
        ("[red]ana@example.com", "the instance refuses it (no reason)"),
        ("x" * 10_000, "the instance refuses it (no reason)"),
    ],
)
def test_a_refusal_code_of_the_instance_is_reported_in_words(code: str, reason: str) -> None:
    report = ImportReport(lines=1)
    report.count_refused_by_instance(code, 1)
    assert report.refused == {reason: 1}


@pytest.mark.parametrize(
    ("lines", "empty", "refused", "mostly"),
    [(0, 0, 0, False), (2, 0, 1, False), (3, 0, 2, True), (4, 2, 2, True), (9, 9, 0, False)],
)
def test_a_file_is_mostly_refused_when_over_half_of_its_lines_are_refused(
    lines: int, empty: int, refused: int, mostly: bool
) -> None:
    report = ImportReport(lines=lines, ignored={"empty line": empty}, refused={"too long": refused})
    assert report.mostly_refused is mostly


def test_a_file_s_name_cannot_steer_the_terminal() -> None:
    assert printable("[red]a\x1b[31m.log") == "[red]a?[31m.log"
