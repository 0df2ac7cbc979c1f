"""The data directory: private to its owner, and locked by one `flipline up` at a time.

Only files with names of ours are ever changed, and only in a directory without other files: a shared
directory such as /tmp or a home directory stays as it is, with a warning.
"""

import errno
import shutil
import stat
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryFile

import structlog
from filelock import FileLock, Timeout

from shared.errors import Misconfigured
from shared.process.permissions import close, is_open

logger = structlog.get_logger(__name__)

LOCK = "up.lock"
RENEWAL_LOCK = "renewal.lock"
RENEWING = "renewing"
_FILES = (LOCK, RENEWAL_LOCK, "keys.json", "import.salt", "log.sqlite*", "state.sqlite*")
_FOLDERS = {"imports": ("access-log-*",), RENEWING: ("*.sqlite*",)}


def prepare(directory: Path) -> None:
    """Make the directory, or make it private; raises Misconfigured where nothing can be written."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=directory):
            pass
        directory = directory.resolve()
        ours, other_files = _sorted(directory)
        close_files(ours)
        if is_open(directory):
            _close_directory(directory, other_files)
    except OSError as error:
        raise _unusable(directory, error) from error


def close_files(paths: Iterable[Path]) -> None:
    """Remove the rights of other users to our files, and warn about files that stay open."""
    for path in paths:
        if is_open(path):
            close(path)
            if is_open(path):
                logger.warning(
                    "data.left_open",
                    path=str(path),
                    reason="this user does not own it alone",
                    advice="chmod 600",
                )


@contextmanager
def exclusive(directory: Path) -> Generator[None]:
    """Lock the directory for this process; raises Misconfigured while another process has the lock.

    The lock is the operating system's, so it is released when its process dies.
    """
    in_use = Misconfigured(
        "data_dir_in_use",
        f"Another `flipline up` is running in {directory}. Stop it first, or name another directory "
        "with --data-dir, and another port with --port.",
    )
    with _locked(directory, LOCK, in_use):
        yield


@contextmanager
def renewing(directory: Path) -> Generator[Path]:
    """Make an empty directory within the data directory for a rebuild of tables; it is removed at the end.

    Leftovers of a killed process are removed first. Raises Misconfigured while another process renews
    tables.
    """
    under_way = Misconfigured("renewal_under_way", f"Another process is renewing the tables in {directory}.")
    with _locked(directory, RENEWAL_LOCK, under_way):
        inner = directory / RENEWING
        try:
            shutil.rmtree(inner, ignore_errors=True)
            inner.mkdir(mode=0o700)
        except OSError as error:
            raise _unusable(directory, error) from error
        try:
            yield inner
        finally:
            shutil.rmtree(inner, ignore_errors=True)


@contextmanager
def _locked(directory: Path, name: str, in_use: Misconfigured) -> Generator[None]:
    lock = FileLock(directory / name, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise in_use from error
    except OSError as error:
        raise _unusable(directory, error) from error
    try:
        yield
    finally:
        lock.release()


def _sorted(directory: Path) -> tuple[list[Path], int]:
    """Return our files and folders in the directory, and how many other entries there are."""
    ours: list[Path] = []
    other_files = 0
    for path in directory.iterdir():
        if _named(path, _FILES):
            ours.append(path)
        elif path.name in _FOLDERS and path.is_dir() and not path.is_symlink():
            inner = list(path.iterdir())
            inner_ours = [file for file in inner if _named(file, _FOLDERS[path.name])]
            ours += inner_ours
            if len(inner_ours) == len(inner):
                ours.append(path)
            else:
                other_files += 1
        else:
            other_files += 1
    return ours, other_files


def _named(path: Path, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _close_directory(directory: Path, other_files: int) -> None:
    reason = "this user does not own it"
    if other_files:
        reason = f"it also has {other_files} files or directories that are not Flipline's"
    elif directory.stat().st_mode & stat.S_ISVTX or directory in {Path("/"), _home()}:
        reason = "other users use it too"
    else:
        close(directory)
    if is_open(directory):
        logger.warning(
            "data_dir.left_open",
            path=str(directory),
            reason=reason,
            advice="name a directory of its own with --data-dir, or chmod it to 700",
        )


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:
        # A user without an entry in the system's list, as in many containers.
        return None


def _unusable(directory: Path, error: OSError) -> Misconfigured:
    why = "it is not a directory" if error.errno == errno.EEXIST else error.strerror
    return Misconfigured(
        "data_dir_unusable",
        f"{directory} cannot be the data directory: {why}. Name a directory that this user may write, "
        "with --data-dir or FLIPLINE_DATA_DIR.",
    )
