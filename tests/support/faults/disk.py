"""A disk that is small, and one that is full."""

import errno
import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.support.faults.missing import Missing

_BLOCK = b"\0" * 4096


@contextmanager
def small_disk(at: Path, *, kibibytes: int) -> Generator[Path]:
    """Mount an empty disk of that size in a new directory; its files are removed at the end of the block.

    Raises Missing where this process may not mount.
    """
    at.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k,mode=0700", "tmpfs", str(at)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise Missing("no small disk: to mount one takes root on Linux") from error
    try:
        yield at
    finally:
        # Lazy: a process that was just killed may still have files open on it.
        subprocess.run(["umount", "--lazy", str(at)], check=True)
        at.rmdir()


@contextmanager
def _others_may_fill_it() -> Generator[None]:
    """Ignore that the disk is full: others may have filled it first."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def filled(disk: Path, *, leave_kibibytes: int = 0) -> Generator[None]:
    """Take the free space of a disk, except `leave_kibibytes`, for as long as the block runs."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    blocks = (status.f_bavail * status.f_frsize - leave_kibibytes * 1024) // len(_BLOCK)
    try:
        with ballast.open("wb", buffering=0) as file, _others_may_fill_it():
            for _ in range(blocks):
                file.write(_BLOCK)
        yield
    finally:
        ballast.unlink(missing_ok=True)
