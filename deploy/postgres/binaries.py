"""The programs of an installed PostgreSQL server, wherever the system keeps them."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deploy.command import MissingPrerequisite

_OLDEST = 15
_NEEDED = ("initdb", "postgres", "pg_ctl", "pg_isready")
# Debian keeps one directory per major version and none of them in the PATH.
_DEBIAN = Path("/usr/lib/postgresql")


@cache
def find_binaries(major: int | None) -> Path:
    """Return the directory of the server's programs, of any version we support unless one is asked for."""
    for directory in _candidates():
        found = _major(directory)
        if found is not None and (found == major if major else found >= _OLDEST):
            return directory
    if major:
        raise MissingPrerequisite(
            f"the cluster was made by PostgreSQL {major}, which is not installed"
            f" (Debian: apt-get install postgresql-{major}); or remove its directory to begin anew"
        )
    raise MissingPrerequisite(
        f"there is no PostgreSQL server >= {_OLDEST}; install one (Debian: apt-get install postgresql)"
    )


def _candidates() -> Iterator[Path]:
    if pg_config := shutil.which("pg_config"):
        result = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        yield Path(result.stdout.strip())
    versions = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent


def _major(directory: Path) -> int | None:
    """Return the major version of the server in the directory, None when it is not all there."""
    if not all(shutil.which(str(directory / program)) for program in _NEEDED):
        return None
    result = subprocess.run(
        [directory / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return int(version[1]) if version else None
