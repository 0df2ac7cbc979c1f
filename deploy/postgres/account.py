"""Who runs the server, and where: it refuses to run as root, so root has to find it a user and a place."""

import hashlib
import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from deploy.command import Failure, MissingPrerequisite, say

_USER = "postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the server runs as when the caller must not run it."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the system user to run the server as, None for the caller."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        raise MissingPrerequisite(
            f"PostgreSQL does not run as root, and there is no user {_USER} to run it as;"
            " run this as another user, or make one (Debian: apt-get install postgresql)"
        ) from None
    return Account(user.pw_uid, user.pw_gid)


def server_directory(requested: Path, account: Account | None) -> Path:
    """Return the requested directory, or one in the temporary directory if the user cannot get there."""
    if account is None or _can_enter(requested.parent, account):
        return requested
    digest = hashlib.sha256(os.fsencode(requested)).hexdigest()[:12]
    fallback = Path(tempfile.gettempdir()).resolve() / f"flipline-postgres-{digest}"
    say(f"the user {_USER} cannot enter {requested.parent}, so the cluster is in {fallback}")
    return fallback


def make_directory(directory: Path, account: Account | None) -> None:
    """Make the server's directory unless it exists, and refuse one that somebody else has made."""
    directory.mkdir(mode=0o700, exist_ok=True)
    # In a temporary directory anyone can be there first, with a cluster that runs their commands.
    if directory.lstat().st_uid not in {os.geteuid(), account.uid if account else os.geteuid()}:
        raise Failure(f"{directory} belongs to another user; remove it, or name another one with --dir")


def _can_enter(directory: Path, account: Account) -> bool:
    test = ["test", "-x", directory]
    result = subprocess.run(test, cwd="/", user=account.uid, group=account.gid, extra_groups=[], check=False)
    return result.returncode == 0
