"""Files of logs: plain, packed, damaged, growing, and files without a log."""

import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from services.ingest.imports import lines
from services.ingest.imports.access_log.line import MAX_LENGTH
from services.ingest.imports.lines import Damaged, LogLine, Mark, Occurrences, open_log
from services.ingest.imports.unpacking import CUT_OFF, DAMAGED, TRAILING_DATA
from shared.errors import Refused

LINES = b"".join(b"%d of many lines, %d\n" % (number, number * 7_919) for number in range(20_000))


def written(directory: Path, content: bytes, name: str = "a.log") -> Path:
    path = directory / name
    path.write_bytes(content)
    return path


def lines_of(path: Path) -> list[LogLine]:
    with open_log(path) as log:
        return list(log.lines())


def damaged(path: Path) -> Damaged:
    with open_log(path) as log, pytest.raises(Damaged) as damage:
        list(log.lines())
    return damage.value


def mark_of(path: Path) -> Mark:
    with open_log(path) as log:
        for _ in log.lines():
            pass
        return log.mark


def test_lines_have_a_number_and_byte_offsets(tmp_path: Path) -> None:
    path = written(tmp_path, b"one\r\n\ntwo")
    assert lines_of(path) == [(b"one", 1, 0, 5, True), (b"", 2, 5, 6, True), (b"two", 3, 6, 9, False)]


@pytest.mark.parametrize("name", ["a.log.gz", "a.log"])
def test_gzip_is_detected_by_content_and_unpacked(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, gzip.compress(b"one\n", mtime=0) + gzip.compress(b"two\n"), name)
    assert lines_of(path) == [(b"one", 1, 0, 4, True), (b"two", 2, 4, 8, True)]


def test_a_plain_file_named_gz_is_read_as_plain(tmp_path: Path) -> None:
    assert lines_of(written(tmp_path, b"one\n", "a.log.gz")) == [(b"one", 1, 0, 4, True)]


def test_a_very_long_line_is_cut_but_counted_in_full(tmp_path: Path) -> None:
    endless, two = lines_of(written(tmp_path, b"x" * 300_000 + b"\ntwo\n"))
    assert len(endless.data) == MAX_LENGTH + 1
    assert two == (b"two", 2, 300_001, 300_005, True)


def test_a_file_is_recognised_by_its_content_also_when_packed_or_grown(tmp_path: Path) -> None:
    endless = b"x" * 300_000 + b"\n"
    for content in (LINES, endless + LINES, b"", b"one", endless[:-1]):
        path = written(tmp_path, content)
        mark = mark_of(path)
        assert mark.size == len(content)
        packed = written(tmp_path, gzip.compress(content), "packed")
        assert mark_of(packed) == mark
        grown = written(tmp_path, content + b"more\n", "grown")
        for file in (path, packed, grown):
            with open_log(file) as log:
                assert log.marks([0, len(content), 10**9]) >= {mark}
                assert len(list(log.lines())) == len(lines_of(file)), "and stands at the start again"


@pytest.mark.parametrize("offset", [0, 100_000, len(LINES) - 2])
def test_any_changed_byte_changes_the_mark_of_a_file(tmp_path: Path, offset: int) -> None:
    changed = LINES[:offset] + b"X" + LINES[offset + 1 :]
    assert mark_of(written(tmp_path, changed)) != mark_of(written(tmp_path, LINES, "b"))


def test_a_line_without_an_end_can_be_left_out(tmp_path: Path) -> None:
    with open_log(written(tmp_path, b"one\ntw")) as log:
        list(log.lines())
        log.leave_last()
        left = log.mark
    assert left == mark_of(written(tmp_path, b"one\n"))
    with open_log(written(tmp_path, b"one\ntwo\n")) as log:
        list(log.lines())
        whole = log.mark
        log.leave_last()
        assert log.mark == whole


def broken(packed: bytes) -> bytes:
    """Damage packed data in its middle, so that it still unpacks, but to other lines."""
    middle = len(packed) // 2
    return packed[:middle] + b"\xff" * 40 + packed[middle + 40 :]


def test_no_line_of_a_damaged_gzip_member_is_read(tmp_path: Path) -> None:
    damage = damaged(written(tmp_path, broken(gzip.compress(LINES)), "a.gz"))
    assert (damage.number, damage.why) == (0, DAMAGED)


def test_data_before_a_damaged_gzip_member_is_read_completely(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(LINES) + broken(gzip.compress(LINES)), "a.gz")
    damage = damaged(path)
    assert (damage.number, damage.why) == (20_000, DAMAGED)
    with open_log(path) as log:
        assert log.marks([len(LINES), len(LINES) + 1]) == {mark_of(written(tmp_path, LINES))}


def test_a_file_that_was_cut_off_is_read_to_its_last_whole_line(tmp_path: Path) -> None:
    packed = gzip.compress(LINES)
    path = written(tmp_path, packed[: len(packed) // 2], "a.gz")
    damage = damaged(path)
    assert 5_000 < damage.number < 20_000
    assert damage.why == CUT_OFF
    whole = written(tmp_path, LINES)
    with open_log(path) as log, open_log(whole) as copy:
        assert log.first_line() == copy.first_line()
        with pytest.raises(Damaged):
            list(log.lines())
        assert copy.marks([log.mark.size]) == {log.mark}
    assert lines_of(whole)[damage.number - 1].end == log.mark.size


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (b"no gzip", TRAILING_DATA),
        (b"\x1f\x8bno gzip", DAMAGED),
        (b"\x1f", CUT_OFF),
        (gzip.compress(b"more\n", mtime=0)[:-1], CUT_OFF),
    ],
)
def test_trailing_data_after_a_gzip_member_is_reported(tmp_path: Path, end: bytes, why: str) -> None:
    damage = damaged(written(tmp_path, gzip.compress(LINES) + end, "a.gz"))
    assert (damage.number, damage.why) in {(20_000, why), (20_001, why)}


def test_zero_padding_between_gzip_members_is_skipped(tmp_path: Path) -> None:
    packed = gzip.compress(b"one\n", mtime=0) + b"\0" * 300_000 + gzip.compress(b"two\n") + b"\0" * 512
    assert [line.data for line in lines_of(written(tmp_path, packed))] == [b"one", b"two"]


def test_a_wrong_gzip_checksum_is_reported_as_damage(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(LINES))
    packed[-8] ^= 1
    assert damaged(written(tmp_path, bytes(packed), "a.gz")).why == DAMAGED


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8b\x08\x00" + b"\xff" * 60])
def test_no_line_is_read_after_a_damaged_gzip_header(tmp_path: Path, content: bytes) -> None:
    assert damaged(written(tmp_path, content, "a.gz")).number == 0


def test_a_highly_compressed_file_is_unpacked_in_bounded_memory(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(b"\0" * 50_000_000 + b"\none\n"))
    tracemalloc.start()
    zeros, last = lines_of(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(zeros.data), last.data) == (MAX_LENGTH + 1, b"one")
    assert most < 5_000_000


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("access.log", LINES)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        entry = tarfile.TarInfo("access.log")
        entry.size = len(LINES)
        archive.addfile(entry, io.BytesIO(LINES))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (zipped(), "unzip"),
        (tarred(), "tar -xf"),
        (b"\x28\xb5\x2f\xfd\x04rest", "zstd -d"),
        (b"BZh91AY&SY", "bunzip2"),
        (b"\xfd7zXZ\x00rest", "unxz"),
        (gzip.compress(gzip.compress(LINES, mtime=0), mtime=0), "gunzip"),
        ("one\n".encode("utf-16"), "iconv"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00rest", "Name the access log itself"),
    ],
)
def test_a_file_that_is_not_a_log_is_refused_with_advice(tmp_path: Path, content: bytes, advice: str) -> None:
    path = written(tmp_path, content, "access.log")
    with (
        pytest.raises(Refused, match=r"access\.log cannot be read as an access log") as refusal,
        open_log(path),
    ):
        pass
    assert advice in refusal.value.message


def test_a_pipe_or_directory_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(Refused, match="Save the log to a file"), open_log(path):
            pass


def test_occurrences_of_equal_lines_are_counted() -> None:
    occurrences = Occurrences()
    assert [occurrences.next(digest) for digest in (b"a", b"b", b"a", b"a")] == [0, 0, 1, 2]


def test_lines_that_are_far_back_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "REMEMBERED_LINES", 2)
    occurrences = Occurrences()
    assert [occurrences.next(digest) for digest in (b"a", b"b", b"a", b"c", b"b", b"a")] == [0, 0, 1, 0, 1, 0]
