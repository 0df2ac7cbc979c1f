"""A server of a test's own, PostgreSQL or Kafka: stopped, killed or frozen, without harm to other tests."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from tests.support.faults.missing import Missing
from tests.support.patience import until
from tests.support.servers import MISSING_PREREQUISITE, run

Kind = Literal["postgres", "kafka"]
_PID_FILES = {"postgres": "data/postmaster.pid", "kafka": "pid"}


class OwnServer:
    """A server that is started from `deploy/` in a directory of its own; its port stays the same."""

    def __init__(self, kind: Kind, directory: Path) -> None:
        self.kind = kind
        self._directory = directory
        self._is_killed = False
        self.address = ""

    def start(self) -> None:
        """Start it, also after it was killed; `address` is then what the settings of Flipline take.

        Raises Missing when it is not installed.
        """
        started = run(self.kind, "start", "--port", "0", directory=self._directory)
        if started.returncode == MISSING_PREREQUISITE:
            raise Missing(started.stderr.strip())
        assert started.returncode == 0, started.stderr
        self._is_killed = False
        self.address = started.stdout.strip().splitlines()[-1].partition("=")[2]

    def stop(self) -> None:
        """Ask it to end, and return when it has; its data stays."""
        with suppress(ProcessLookupError):
            self.thaw()
        stopped = run(self.kind, "stop", directory=self._directory)
        assert stopped.returncode == 0, stopped.stderr

    def kill(self) -> None:
        """Kill it and its children (SIGKILL), and return when they have ended."""
        pids = self._signal(signal.SIGKILL)
        # Their port is free only then, and a pid that another process may get must not be signalled again.
        until(lambda: not any(map(_runs, pids)))
        self._is_killed = True

    def freeze(self) -> None:
        """Stop it in the middle of its work (SIGSTOP): its connections stay open, and it does not answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The process id that it or its script noted; raises ProcessLookupError when it does not run."""
        file = self._directory / _PID_FILES[self.kind]
        if self._is_killed or not file.exists():
            raise ProcessLookupError(f"{self.kind} does not run")
        return int(file.read_text().split()[0])

    def _signal(self, number: signal.Signals) -> list[int]:
        # Top down: a parent that still ran would notice, and one that is frozen makes no new children.
        pids = family(self.pid)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return pids


def family(pid: int) -> list[int]:
    """Return a process and its descendants, parents first."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    parents = {int(child): int(parent) for child, parent in map(str.split, listed.stdout.splitlines())}
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found


def _runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    # A zombie has ended, although its parent has not waited for it yet.
    return bool(state.stdout.strip()) and not state.stdout.startswith("Z")


@contextmanager
def own_server(kind: Kind) -> Generator[OwnServer]:
    """Start a server for as long as the block runs, and leave nothing of it; raises Missing."""
    # Not pytest's tmp_path: PostgreSQL runs as another user, which could not enter it.
    parent = Path(tempfile.mkdtemp(prefix="flipline-test-"))
    parent.chmod(0o755)
    server = OwnServer(kind, parent / kind)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(parent, ignore_errors=True)
