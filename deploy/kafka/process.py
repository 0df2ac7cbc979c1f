"""The process of a local broker: started in the background, recognised by its arguments, ended by signals."""

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.command import say
from deploy.localserver import HOST, START_LIMIT, STOP_LIMIT, LocalServer, read_number, wait_until

_KILL_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class ServerProcess(LocalServer):
    """A server of one process; the argument `signature` distinguishes it from every other process."""

    signature: str

    def pid(self) -> int | None:
        """Return the process id if the server runs, else None."""
        pid = read_number(self._pid_file)
        # A pid is given out again after its process has ended, so the number alone proves nothing.
        return pid if pid and f" {self.signature} " in f" {_command_line(pid)} " else None

    def runs(self) -> bool:
        """Return whether the process of the server is there."""
        return self.pid() is not None

    def spawn(self, command: Sequence[str]) -> None:
        """Start the process in the background and return as soon as the server is ready."""
        say(f"starting {self.name} on {HOST}:{self.port} ...")
        self.begin_log()
        with self.log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._pid_file.write_text(f"{process.pid}\n")
            if not wait_until(lambda: process.poll() is not None or self.is_ready(), START_LIMIT):
                raise self.failure(f"is not ready after {START_LIMIT:.0f} s")
            if process.returncode is not None:
                raise self.failure(f"ended with code {process.returncode} while starting")
        except BaseException:
            _end(process)
            self._pid_file.unlink(missing_ok=True)
            raise

    def end(self) -> None:
        """Ask the server to end, kill it if it does not, and return when it has gone."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not wait_until(lambda: self.pid() is None, STOP_LIMIT):
                say(f"it has not ended after {STOP_LIMIT:.0f} s, killing it ...")
                os.kill(pid, signal.SIGKILL)
                if not wait_until(lambda: self.pid() is None, _KILL_LIMIT):
                    raise self.failure(f"(pid {pid}) does not end")
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"


def _command_line(pid: int) -> str:
    """Return the program and arguments of the process. The result is empty once the process has ended."""
    if Path("/proc/self/cmdline").exists():
        try:
            arguments = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            return ""
        return arguments.replace("\0", " ").strip()
    listing = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout.strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
