"""A file that is made once is whole, and one of two concurrent makers wins."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.process.files import make_once


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert make_once(path, "first")
    assert not make_once(path, "second")
    assert path.read_text() == "first"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_only_one_of_many_threads_creates_the_file_and_all_read_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "kept"

    def make(number: int) -> tuple[bool, str]:
        return make_once(path, f"{number} " * 10_000), path.read_text()

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(make, range(40)))
    (winner,) = [number for number, (made, _) in enumerate(results) if made]
    assert {content for _, content in results} == {f"{winner} " * 10_000}


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        make_once(tmp_path / "kept", "content")
    assert list(tmp_path.iterdir()) == []
