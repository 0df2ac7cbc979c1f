"""The `flipline` command in a process of its own, under an ordinary umask, as a user runs it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.processes.fork import Fork, run

KEYS = {f"{role}_keys": f"{role}-key-of-the-command-tests" for role in ("write", "ops", "crm")}
ROOT = Path(__file__).parents[2]
UMASK = 0o022


def environment(**given: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLIPLINE_")}
    return clean | {f"FLIPLINE_{name.upper()}": value for name, value in given.items()}


def flipline(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return run(arguments, environment(**given), umask=UMASK)


@contextmanager
def up(data_dir: Path, *, log: Path | None = None, **given: str) -> Iterator[tuple[Fork, str]]:
    """Run `flipline up` on a free port; give the process and what it printed until it was ready.

    Its log goes to a file, which the caller can name.
    """
    # A pipe without a reader is full after some hundred requests, and then the process blocks.
    reading, writing = os.pipe()
    with log.open("w+") if log else tempfile.TemporaryFile("w+") as logged, os.fdopen(reading) as output:
        with os.fdopen(writing, "w"), Path(os.devnull).open() as nothing:
            process = Fork(
                ["up", "--port", "0", "--data-dir", str(data_dir)],
                environment(**given),
                files=[nothing.fileno(), writing, logged.fileno()],
                umask=UMASK,
            )
        try:
            printed = ""
            while "/v1/profiles?" not in printed:
                line = output.readline()
                assert line, _read(logged)
                printed += line
            yield process, printed
        finally:
            process.kill()
            process.wait()


def _read(logged: IO[str]) -> str:
    logged.seek(0)
    return logged.read()
