"""The servers of a test run: each is started by whoever needs it first, used by all, stopped at the end."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MISSING_PREREQUISITE = 3
_SCRIPTS = {"kafka": "kafka/broker.py", "postgres": "postgres/cluster.py"}
# How the processes that share a run's tests among them know where its servers are.
_DIRECTORY = "SERVERS_OF_THE_TEST_RUN"


def begin() -> None:
    """Make the directory of the servers for this run and its workers."""
    # Not pytest's tmp_path: PostgreSQL runs as another user, who could not enter it.
    made = Path(tempfile.mkdtemp(prefix="flipline-test-"))
    made.chmod(0o755)
    os.environ[_DIRECTORY] = str(made)


def directory() -> Path:
    return Path(os.environ[_DIRECTORY])


def address(name: str, how_to_get: str) -> str:
    """Return the last line that the server's script prints, having started the server if it does not run."""
    started = _run(name, "start", "--port", "0")
    if started.returncode == MISSING_PREREQUISITE and not os.environ.get("CI"):
        pytest.skip(how_to_get)
    assert started.returncode == 0, started.stderr
    return started.stdout.strip().splitlines()[-1].partition("=")[2]


def end() -> None:
    """Stop what was started and remove what it kept."""
    for name in _SCRIPTS:
        if (directory() / name).exists():
            _run(name, "stop")
    shutil.rmtree(directory(), ignore_errors=True)


def _run(name: str, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "deploy" / _SCRIPTS[name])
    return subprocess.run(
        [sys.executable, script, command, *arguments, "--dir", str(directory() / name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
