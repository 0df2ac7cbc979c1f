"""Flipline's files are for their owner alone, whatever the umask of the user who starts it."""

import signal
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.support.command import KEYS, flipline, up

pytestmark = pytest.mark.timeout(600)
LINE = '192.0.2.7 - - [01/Mar/2026:12:00:00 +0000] "GET /pricing HTTP/1.1" 200 1 "-" "Mozilla/5.0"\n'


def open_to_others(directory: Path) -> list[str]:
    """Return the names of files that users other than the owner may read or write."""
    everything = [directory, *directory.rglob("*")]
    return sorted(str(path) for path in everything if stat.S_IMODE(path.lstat().st_mode) & 0o077)


def test_only_the_owner_can_open_the_files_of_a_run(tmp_path: Path) -> None:
    data_dir, log = tmp_path / "new" / "data", tmp_path / "access.log"
    log.write_text(LINE)
    with up(data_dir) as (process, printed):
        url = printed.partition("Flipline is up on ")[2].split()[0]
        imported = flipline("import", "access-log", str(log), "--url", url, "--data-dir", str(data_dir))
        assert imported.returncode == 0, imported
        assert {path.name for path in data_dir.iterdir()} >= {
            "keys.json", "import.salt", "imports", "up.lock", "log.sqlite", "log.sqlite-wal", "state.sqlite",
            "state.sqlite-wal", "state.sqlite-shm",
        }  # fmt: skip
        assert open_to_others(data_dir.parent) == []
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert open_to_others(data_dir.parent) == []


def test_open_permissions_from_an_earlier_version_are_closed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with up(data_dir) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait() == 0
    for path in data_dir.iterdir():
        path.chmod(0o644)
    data_dir.chmod(0o755)
    with up(data_dir):
        assert open_to_others(data_dir) == []


def test_a_directory_with_foreign_files_is_left_open_with_a_warning(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o755)
    (data_dir / "notes.txt").touch(0o644)
    with up(data_dir, log=tmp_path / "log") as (process, _):
        process.send_signal(signal.SIGINT)
        process.wait()
    assert open_to_others(data_dir) == [str(data_dir), str(data_dir / "notes.txt")]
    assert "data_dir.left_open" in (tmp_path / "log").read_text()


def test_a_database_file_outside_the_data_directory_is_closed_to_others(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    state = tmp_path / "leads.sqlite"
    state.write_bytes(migrated_sqlite.read_bytes())
    state.chmod(0o644)
    tmp_path.chmod(0o755)
    migrated = flipline("migrate", data_dir=str(tmp_path), database_url=f"sqlite:///{state}", **KEYS)
    assert migrated.returncode == 0, migrated
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    with sqlite3.connect(state) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
    connection.close()
