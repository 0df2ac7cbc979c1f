"""The data directory: our files are made private, other files stay as they are."""

import os
import stat
from pathlib import Path
from unittest.mock import Mock, patch

import pytest

from shared.errors import Misconfigured
from shared.process import datadir
from shared.process.datadir import RENEWING, exclusive, prepare, renewing

OURS = (
    "keys.json",
    "import.salt",
    "log.sqlite",
    "log.sqlite-wal",
    "log.sqlite.scoring.interactions.lock",
    "state.sqlite",
    "state.sqlite-shm",
    "up.lock",
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def prepared(directory: Path) -> list[str]:
    """Prepare the directory and return the paths of its warnings."""
    logger = Mock()
    with patch.object(datadir, "logger", logger):
        prepare(directory)
    assert all(name == "warning" for name, _, _ in logger.mock_calls)
    return [given["path"] for _, _, given in logger.mock_calls]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A data directory as an ordinary umask would leave it."""
    made = tmp_path / "data"
    (made / "imports").mkdir(parents=True)
    for name in (*OURS, "imports/access-log-1.json"):
        (made / name).touch()
        (made / name).chmod(0o644)
    for path in (made, made / "imports"):
        path.chmod(0o755)
    return made


def test_only_its_owner_can_use_a_new_data_directory(tmp_path: Path) -> None:
    assert prepared(tmp_path / "a" / "b") == []
    assert mode(tmp_path / "a" / "b") == 0o700
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_permissions_of_an_open_data_directory_are_restricted(directory: Path) -> None:
    assert prepared(directory) == []
    assert {mode(path) for path in directory.rglob("*") if path.is_file()} == {0o600}
    assert mode(directory) == mode(directory / "imports") == 0o700


def test_permissions_are_restricted_through_a_symlink(directory: Path) -> None:
    link = directory.parent / "link"
    link.symlink_to(directory)
    prepare(link)
    assert mode(directory) == 0o700


@pytest.mark.parametrize("stranger", ["notes.txt", "keys.json.example", "imports/module.py", "code/main.py"])
def test_a_directory_with_anything_else_stays_open_with_a_warning(directory: Path, stranger: str) -> None:
    path = directory / stranger
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(0o755)
    path.touch()
    path.chmod(0o644)
    assert prepared(directory) == [str(directory)]
    assert mode(directory) == mode(path.parent) == 0o755
    assert mode(path) == 0o644
    assert {mode(directory / name) for name in OURS} == {0o600}


def test_a_world_writable_directory_is_unchanged(directory: Path) -> None:
    directory.chmod(0o1777)
    assert prepared(directory) == [str(directory)]
    assert mode(directory) == 0o1777
    assert mode(directory / "log.sqlite") == 0o600


def test_a_home_directory_stays_as_it_is(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(directory))
    assert prepared(directory) == [str(directory)]
    assert mode(directory) == 0o755


def test_the_target_of_a_symlink_is_unchanged(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    other.chmod(0o644)
    (directory / "log.sqlite-shm").symlink_to(other)
    prepare(directory)
    assert mode(other) == 0o644


def test_a_file_with_a_hard_link_is_unchanged_with_a_warning(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    other.chmod(0o644)
    (directory / "state.sqlite-wal").hardlink_to(other)
    assert prepared(directory) == [str(directory / "state.sqlite-wal")]
    assert mode(other) == 0o644


@as_root
def test_files_of_another_user_are_unchanged_with_a_warning(directory: Path) -> None:
    os.chown(directory / "log.sqlite", 65534, 65534)
    os.chown(directory, 65534, 65534)
    assert prepared(directory) == [str(directory / "log.sqlite"), str(directory)]
    assert mode(directory / "log.sqlite") == 0o644
    assert mode(directory) == 0o755


def test_a_restricted_directory_gives_no_warning(directory: Path) -> None:
    (directory / "notes.txt").touch()
    directory.chmod(0o700)
    assert prepared(directory) == []


@pytest.mark.parametrize("end", ["a-file", "a-file/below", "dangling", "n" * 300])
def test_a_path_that_cannot_be_a_directory_is_refused(tmp_path: Path, end: str) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "at-all")
    with pytest.raises(Misconfigured, match="cannot be the data directory"):
        prepare(tmp_path / end)


def test_only_one_process_can_use_the_data_directory(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path),
        pytest.raises(Misconfigured, match=f"is running in {tmp_path}"),
        exclusive(tmp_path),
    ):
        pass
    with exclusive(tmp_path):
        assert (tmp_path / "up.lock").exists()


def test_files_of_a_killed_renewal_are_removed_by_the_next_renewal(tmp_path: Path) -> None:
    left = tmp_path / RENEWING
    left.mkdir()
    (left / "rebuilt.sqlite-wal").touch()
    with renewing(tmp_path) as directory:
        assert (directory, list(directory.iterdir()), mode(directory)) == (left, [], 0o700)
        with pytest.raises(Misconfigured, match="Another process is renewing"), renewing(tmp_path):
            pass
        assert directory.is_dir()
    assert not left.exists()


def test_permissions_of_files_of_a_renewal_are_restricted(tmp_path: Path) -> None:
    inner = tmp_path / RENEWING
    inner.mkdir()
    (inner / "rebuilt.sqlite").touch()
    tmp_path.chmod(0o755)
    inner.chmod(0o755)
    (inner / "rebuilt.sqlite").chmod(0o644)
    assert prepared(tmp_path) == []
    assert [mode(path) for path in (tmp_path, inner, inner / "rebuilt.sqlite")] == [0o700, 0o700, 0o600]
