"""What is stored about imports, and how a file is recognised."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

from services.ingest.imports.access_log.report import ImportReport
from services.ingest.imports.lines import open_log
from services.ingest.imports.past import MAX_STORED, PastImport, PastImports

AT = datetime(2026, 11, 15, 10, 0, 1, tzinfo=UTC)
FIRST = b"first line\n"
URL = "http://a"


def done(path: Path, name: str = "access.log") -> PastImport:
    with open_log(path) as log:
        lines = sum(1 for _ in log.lines())
        return PastImport(name, AT, *log.mark, report=ImportReport(lines=lines))


def found(past: PastImports, path: Path) -> PastImport | None:
    with open_log(path) as log:
        return past.of(log)


def file(directory: Path, content: bytes, name: str = "a.log") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def test_a_grown_renamed_or_packed_file_is_recognised(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    imported = done(file(tmp_path, FIRST + b"a\n" * 50_000))
    past.save(imported, None)
    assert found(past, file(tmp_path, FIRST + b"a\n" * 50_000, "renamed")) == imported
    assert found(past, file(tmp_path, FIRST + b"a\n" * 50_001, "grown")) == imported
    assert found(past, file(tmp_path, gzip.compress(FIRST + b"a\n" * 50_000), "packed")) == imported


def test_a_file_with_only_the_same_beginning_is_not_recognised(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    past.save(done(file(tmp_path, FIRST + b"a\n" * 50_000)), None)
    for content in (FIRST, FIRST + b"b\n" * 60_000, FIRST + b"a\n" * 49_999 + b"b\n"):
        assert found(past, file(tmp_path, content, "other")) is None


def test_the_import_that_read_most_of_a_file_is_found(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    past.save(done(file(tmp_path, FIRST + b"a\n"), "day 1"), None)
    past.save(done(file(tmp_path, FIRST + b"a\nb\n"), "both days"), None)
    assert found(past, file(tmp_path, FIRST + b"a\nc\n")) == done(file(tmp_path, FIRST + b"a\n"), "day 1")
    both = found(past, file(tmp_path, FIRST + b"a\nb\nc\n"))
    assert both is not None
    assert both.name == "both days"


def test_a_saved_import_replaces_the_earlier_import_of_the_file(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    earlier = done(file(tmp_path, FIRST + b"a\n"))
    past.save(earlier, None)
    past.save(done(file(tmp_path, FIRST + b"a\nb\n")), earlier)
    assert found(past, file(tmp_path, FIRST + b"a\n")) is None


def test_past_imports_are_separate_for_each_server(tmp_path: Path) -> None:
    PastImports(tmp_path, URL, FIRST).save(done(file(tmp_path, FIRST)), None)
    assert found(PastImports(tmp_path, "http://b", FIRST), file(tmp_path, FIRST)) is None


def test_a_state_in_the_older_format_is_detected_and_ignored(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    past.save(done(file(tmp_path, FIRST)), None)
    (state,) = (tmp_path / "imports").iterdir()
    state.write_bytes(b'{"offset": 7, "report": {"lines": 1, "visits": 1}}')
    assert past.has_older_form()
    assert found(past, file(tmp_path, FIRST)) is None
    past.save(done(file(tmp_path, FIRST)), None)
    assert not past.has_older_form()
    assert found(past, file(tmp_path, FIRST)) is not None


def test_an_unreadable_state_is_ignored(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    past.save(done(file(tmp_path, FIRST)), None)
    (state,) = (tmp_path / "imports").iterdir()
    for content in (b"{", b"[]", b'{"imports": [{"size": "x"}]}', b'{"imports": "\xff"}', b""):
        state.write_bytes(content)
        assert found(past, file(tmp_path, FIRST)) is None


def test_only_the_latest_imports_are_remembered(tmp_path: Path) -> None:
    past = PastImports(tmp_path, URL, FIRST)
    for number in range(MAX_STORED + 1):
        past.save(done(file(tmp_path, FIRST + b"%d\n" % number)), None)
    assert found(past, file(tmp_path, FIRST + b"%d\n" % MAX_STORED)) is not None
    assert found(past, file(tmp_path, FIRST + b"0\n")) is None
    assert found(past, file(tmp_path, FIRST + b"1\n")) is not None
