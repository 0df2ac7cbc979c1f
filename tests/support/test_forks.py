"""A fork behaves towards tests as a process of its own would."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.support.command import environment, flipline, up
from tests.support.patience import until
from tests.support.processes.fork import ROOT

# Starts an instance, prints its process id and kills itself.
_ABANDON = """
import os, signal, sys
from pathlib import Path
from tests.support.command import up
with up(Path(sys.argv[1])) as (process, _):
    print(process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_fork_reports_its_exit_code_and_its_signal(tmp_path: Path) -> None:
    assert flipline("--help").returncode == 0
    refused = flipline("up", port="many")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "FLIPLINE_PORT" in refused.stderr
    with up(tmp_path) as (process, _):
        assert process.poll() is None
        process.kill()
        assert process.wait() == -signal.SIGKILL
        process.kill()
        assert process.poll() == -signal.SIGKILL


def test_forks_end_when_the_parent_process_ends(tmp_path: Path) -> None:
    abandoned = subprocess.run(
        [sys.executable, "-c", _ABANDON, str(tmp_path)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert abandoned.returncode == -signal.SIGKILL, abandoned.stderr
    pid = int(abandoned.stdout)
    until(lambda: not Path(f"/proc/{pid}").exists())
