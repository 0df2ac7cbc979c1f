"""Permissions of files: which rights other users have, and how to remove them."""

import os
import stat
from pathlib import Path

_OTHER_USERS = stat.S_IRWXG | stat.S_IRWXO


def is_open(path: Path) -> bool:
    """Return whether other users have rights to a file or directory; a link has no rights of its own."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return bool(mode & _OTHER_USERS) and not stat.S_ISLNK(mode)


def close(path: Path) -> None:
    """Remove all rights of other users to a file or directory of this user; `is_open` says if it worked.

    SQLite's locks of a file end when the process closes that file anywhere, so close before you open it.
    """
    try:
        # By descriptor: a path could lead elsewhere by the time of the change.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        found = os.fstat(descriptor)
        # A file with a second name may belong to another user under that name.
        alone = stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_nlink == 1)
        if alone and found.st_uid == os.geteuid():
            os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & ~_OTHER_USERS)
    except OSError:
        return
    finally:
        os.close(descriptor)
