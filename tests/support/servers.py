"""The servers of a test run: the first test that needs one starts it, all use it, the end stops it."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
MISSING_PREREQUISITE = 3
_SCRIPTS = {"kafka": "kafka/broker.py", "postgres": "postgres/cluster.py"}
# How the processes that share a run's tests among them know where its servers are.
_DIRECTORY = "SERVERS_OF_THE_TEST_RUN"


def begin() -> None:
    """Make the directory of the servers for this run and its workers."""
    # Not pytest's tmp_path: PostgreSQL runs as another user, which could not enter it.
    made = Path(tempfile.mkdtemp(prefix="flipline-test-"))
    made.chmod(0o755)
    os.environ[_DIRECTORY] = str(made)


def directory() -> Path:
    return Path(os.environ[_DIRECTORY])


def address(name: str, how_to_get: str) -> str:
    """Return the last line that the server's script prints, having started the server if it does not run."""
    started = run(name, "start", "--port", "0", directory=directory() / name)
    if started.returncode == MISSING_PREREQUISITE:
        missing(how_to_get)
    assert started.returncode == 0, started.stderr
    return started.stdout.strip().splitlines()[-1].partition("=")[2]


def end() -> None:
    """Stop what was started and remove what it kept."""
    for name in _SCRIPTS:
        if (directory() / name).exists():
            run(name, "stop", directory=directory() / name)
    shutil.rmtree(directory(), ignore_errors=True)


def missing(how_to_get: str) -> NoReturn:
    """Skip a test for what this machine lacks; where CI is set it fails, since CI installs what is needed."""
    if os.environ.get("CI"):
        pytest.fail(how_to_get)
    pytest.skip(how_to_get)


def run(name: str, command: str, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of a server, which keeps everything in the directory."""
    script = str(ROOT / "deploy" / _SCRIPTS[name])
    return subprocess.run(
        [sys.executable, script, command, *arguments, "--dir", str(directory)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
