"""The `flipline` command in a process of its own, under an ordinary umask, as a user runs it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

KEYS = {f"{role}_keys": f"{role}-key-of-the-command-tests" for role in ("write", "ops", "crm")}
ROOT = Path(__file__).parents[2]
# A loaded machine may take its time; the limit only ends what would never end.
LIMIT_SECONDS = 300


def environment(**given: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLIPLINE_")}
    return clean | {f"FLIPLINE_{name.upper()}": value for name, value in given.items()}


def flipline(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT, env=environment(**given), umask=0o022,
        capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
    )  # fmt: skip


@contextmanager
def up(
    data_dir: Path, *, log: Path | None = None, **given: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `flipline up` on a free port; give the process and what it printed until it was ready.

    Its log goes to a file, which the caller can name.
    """
    # No pipe: one that nobody reads is full after some hundred requests, and then the process stands.
    with log.open("w+") if log else tempfile.TemporaryFile("w+") as logged:
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "up", "--port", "0", "--data-dir", str(data_dir)],
            cwd=ROOT, env=environment(**given), umask=0o022,
            stdout=subprocess.PIPE, stderr=logged, text=True,
        )  # fmt: skip
        try:
            assert process.stdout
            printed = ""
            while "/v1/profiles?" not in printed:
                line = process.stdout.readline()
                assert line, _read(logged)
                printed += line
            yield process, printed
        finally:
            process.kill()
            process.communicate()


def _read(logged: IO[str]) -> str:
    logged.seek(0)
    return logged.read()
