"""Starts `flipline` as a fork of the template, and holds it as `subprocess.Popen` holds a child."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock

from tests.support.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
_ordering = Lock()


class Fork:
    """A running `flipline` with these arguments; its input, output and errors are files of the caller's."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, files: Sequence[int],
        umask: int | None = None,
    ) -> None:  # fmt: skip
        reading_end, fate = os.pipe()
        order = {
            "arguments": [*arguments], "environment": {**environment}, "directory": str(ROOT), "umask": umask,
        }  # fmt: skip
        with _ordering:
            socket.send_fds(_template(), [json.dumps(order).encode()], [*files, fate])
        os.close(fate)
        self._fate = os.fdopen(reading_end)
        self.pid = int(self._fate.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        return self._ended(0)

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Return the exit code once the process has ended."""
        code = self._ended(timeout)
        assert code is not None, f"process {self.pid} has not ended"
        return code

    def _ended(self, within_seconds: float) -> int | None:
        if self.returncode is None and select.select([self._fate], [], [], within_seconds)[0]:
            self.returncode = int(self._fate.readline())
            self._fate.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process unless it has ended."""
        if self.poll() is None:
            # It may end just now.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process (SIGKILL)."""
        self.send_signal(signal.SIGKILL)


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, umask: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a `flipline` command without input to its end."""
    with Path(os.devnull).open() as nothing, TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        files = [file.fileno() for file in (nothing, output, errors)]
        process = Fork(arguments, environment, files=files, umask=umask)
        try:
            process.wait()
        finally:
            process.kill()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, process.wait(), output.read(), errors.read())


@cache
def _template() -> socket.socket:
    """Start the template of this process; it ends when its socket is closed."""
    orders, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its_end:
        template = subprocess.Popen(
            [sys.executable, "-m", "tests.support.processes.template", str(its_end.fileno())],
            cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[its_end.fileno()],
        )  # fmt: skip

    def end() -> None:
        orders.close()
        template.wait()

    atexit.register(end)
    return orders
