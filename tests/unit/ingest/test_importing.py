import gzip
import io
import stat
from pathlib import Path

import pytest
from rich.console import Console

from services.ingest.imports.access_log import MAX_LINE_LENGTH
from services.ingest.imports.client import retry_delay_seconds
from services.ingest.imports.display import Display
from services.ingest.imports.lines import Line, Occurrences, open_log
from services.ingest.imports.progress import ImportProgress, ProgressFile
from services.ingest.imports.report import ImportReport
from services.ingest.imports.visitor import Anonymiser, load_salt


def lines_of(path: Path) -> list[Line]:
    with open_log(path) as log:
        return list(log.lines())


def test_lines_are_numbered_and_know_where_the_next_one_begins(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\r\n\ntwo")
    assert lines_of(path) == [(b"one", 1, 5), (b"", 2, 6), (b"two", 3, 9)]


def test_gzip_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert lines_of(path) == [(b"one", 1, 4), (b"two", 2, 8)]


def test_of_an_endless_line_only_its_length_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"x" * 100_000 + b"\ntwo\n")
    endless, two = lines_of(path)
    assert len(endless.data) == MAX_LINE_LENGTH + 1
    assert two == (b"two", 2, 100_005)


def test_lines_alike_are_counted() -> None:
    occurrences = Occurrences()
    assert [occurrences.next(digest) for digest in (b"a", b"b", b"a", b"a")] == [0, 0, 1, 2]


def test_a_visitor_is_the_same_at_every_run_and_nobody_without_the_salt() -> None:
    ana = Anonymiser("salt").visitor("83.149.9.216", "Firefox")
    assert ana == Anonymiser("salt").visitor("83.149.9.216", "Firefox")
    assert ana != Anonymiser("salt").visitor("83.149.9.217", "Firefox")
    assert ana != Anonymiser("other").visitor("83.149.9.216", "Firefox")
    assert len(ana) == 32


def test_the_salt_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    salt = load_salt(tmp_path / "data")
    assert load_salt(tmp_path / "data") == salt
    assert len(salt) == 64
    assert stat.S_IMODE((tmp_path / "data" / "import.salt").stat().st_mode) == 0o600


def test_progress_is_kept_for_each_file_and_server(tmp_path: Path) -> None:
    progress = ImportProgress(offset=7, report=ImportReport(lines=2, ignored={"redirect": 1}))
    ProgressFile(tmp_path, "http://a", b"first line").save(progress)
    assert ProgressFile(tmp_path, "http://a", b"first line").load() == progress
    assert ProgressFile(tmp_path, "http://b", b"first line").load() == ImportProgress()
    assert ProgressFile(tmp_path, "http://a", b"other line").load() == ImportProgress()


def test_progress_that_cannot_be_read_is_a_new_start(tmp_path: Path) -> None:
    kept = ProgressFile(tmp_path, "http://a", b"first line")
    kept.save(ImportProgress(offset=7))
    (file,) = (tmp_path / "imports").iterdir()
    file.write_bytes(b"{")
    assert kept.load() == ImportProgress()


@pytest.mark.parametrize(
    ("failures", "retry_after", "seconds"),
    [
        (1, None, 0.5),
        (2, None, 1),
        (7, None, 30),
        (1, "5", 5),
        (1, "9999", 120),
        (3, "Sun, 22 Nov", 2),
        (1, "-1", 0.5),
    ],
)
def test_the_delay_doubles_and_honours_retry_after(
    failures: int, retry_after: str | None, seconds: float
) -> None:
    assert retry_delay_seconds(failures, retry_after) == seconds


def test_the_report_names_the_first_lines_of_each_refusal() -> None:
    report = ImportReport(lines=7)
    for number in range(1, 8):
        report.count_refused("too long", number)
    out = io.StringIO()
    Console(file=out, width=100).print(report.table())
    assert "refused: too long (line 1, 2, 3, 4, 5, ...)" in out.getvalue()


def test_without_a_terminal_progress_is_a_line_every_tenth() -> None:
    out = io.StringIO()
    with Display(Console(file=out), "a.log", 100) as display:
        for position in (5, 10, 19, 50, 100):
            display.show(position, position * 2)
    assert out.getvalue().splitlines() == [
        "a.log: 10 %, 20 lines",
        "a.log: 50 %, 100 lines",
        "a.log: 100 %, 200 lines",
    ]


def test_on_a_terminal_progress_is_a_bar() -> None:
    out = io.StringIO()
    with Display(Console(file=out, force_terminal=True, width=100), "a.log", 100) as display:
        display.show(100, 1_234)
    assert "100 %" in out.getvalue()
    assert "1,234 lines" in out.getvalue()
