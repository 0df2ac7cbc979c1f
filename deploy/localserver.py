"""What every local server has in common: one directory, one process, one port, one log.

The directory holds `lock` (starts and stops take turns), `pid`, `port`, `log` and what the server keeps.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.command import Failure, say, tail

HOST = "127.0.0.1"
# They end a hang: a server that ends by itself is noticed at once, and a busy machine may take its time.
START_LIMIT = 180.0
_STOP_LIMIT = 60.0
_KILL_LIMIT = 30.0
_ANSWER_LIMIT = 20.0
_POLL_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that a server runs as when the caller must not run it."""

    uid: int
    gid: int


def wait_until(condition: Callable[[], bool], limit: float) -> bool:
    """Poll until the condition holds or `limit` seconds have passed, and return whether it held."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_INTERVAL)  # the server reports nowhere that it is ready
    return True


def free_port(*, other_than: int = 0) -> int:
    """Return a port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    return port if port != other_than else free_port(other_than=other_than)


@contextmanager
def exclusive(lock: Path) -> Generator[None, None, None]:
    """Hold the lock file while the block runs, after waiting for whoever holds it now."""
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run to let go of {lock} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server in the background, told from other processes by the arguments in its `signature`."""

    name: str
    directory: Path
    signature: str

    @contextmanager
    def claimed(self) -> Generator[None, None, None]:
        """Keep other starts and stops in this directory waiting while the block runs."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._lock.exists() and any(self.directory.iterdir()):
            raise Failure(f"{self.directory} holds other things; name a new or an empty directory with --dir")
        with exclusive(self._lock):
            yield

    def pid(self) -> int | None:
        """Return the process id if the server runs, else None."""
        pid = _read_number(self._pid_file)
        # A pid is given out again after its process has ended, so the number alone proves nothing.
        return pid if pid and f" {self.signature} " in f" {_command_line(pid)} " else None

    def choose_port(self, wanted: int) -> int:
        """Return the wanted port, if free; for 0 rather the last run's, since people write addresses down."""
        if wanted == 0:
            last = self._port()
            return last if last and _is_free(last) else free_port()
        if not _is_free(wanted):
            raise Failure(f"port {wanted} is taken; stop what listens there, or let --port 0 find a free one")
        return wanted

    def launch(
        self,
        command: Sequence[str],
        *,
        port: int,
        ready: Callable[[int], bool],
        account: Account | None = None,
    ) -> None:
        """Start the server in the background and return as soon as it is ready."""
        say(f"starting {self.name} on {HOST}:{port} ...")
        if self._log.exists():
            self._log.replace(self._log.with_name("log.1"))
        with self._log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        try:
            self._pid_file.write_text(f"{process.pid}\n")
            self._port_file.write_text(f"{port}\n")
            if not wait_until(lambda: process.poll() is not None or ready(port), START_LIMIT):
                raise self._failure(f"is not ready after {START_LIMIT:.0f} s")
            if process.returncode is not None:
                raise self._failure(f"ended with code {process.returncode} while starting")
        except BaseException:
            _end(process)
            self._pid_file.unlink(missing_ok=True)
            raise

    def answering_port(self, ready: Callable[[int], bool], *, limit: float = _ANSWER_LIMIT) -> int:
        """Return the port of the running server, or fail if it does not run or does not answer."""
        pid = self.pid()
        if pid is None:
            raise Failure(f"{self.name} is not running in {self.directory}")
        port = self._port()
        if not wait_until(lambda: ready(port), limit):
            raise self._failure(f"(pid {pid}) does not answer on port {port}, stop it and start it again")
        say(f"{self.name} is running in {self.directory} (pid {pid}, port {port})")
        return port

    def stop(self, polite: signal.Signals) -> None:
        """Ask the server to end with the signal, kill it if it does not, and return when it has gone."""
        if not self._lock.exists():
            say(f"{self.name} is not running in {self.directory}")
            return
        with self.claimed():
            pid = self.pid()
            if pid is None:
                say(f"{self.name} is not running in {self.directory}")
            else:
                say(f"stopping {self.name} (pid {pid}) ...")
                os.kill(pid, polite)
                if not wait_until(lambda: self.pid() is None, _STOP_LIMIT):
                    say(f"it has not ended after {_STOP_LIMIT:.0f} s, killing it ...")
                    os.kill(pid, signal.SIGKILL)
                    if not wait_until(lambda: self.pid() is None, _KILL_LIMIT):
                        raise self._failure(f"(pid {pid}) does not end")
            self._pid_file.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self.directory / "lock"

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"

    @property
    def _port_file(self) -> Path:
        return self.directory / "port"

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    def _port(self) -> int:
        return _read_number(self._port_file)

    def _failure(self, what: str) -> Failure:
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return Failure(f"{self.name} {what}; the end of {self._log}:\n{tail(log)}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # The servers set it too; without it the closed connections of the last run make its port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _read_number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _command_line(pid: int) -> str:
    """Return the program and arguments of the process; nothing for one that has ended, reaped or not."""
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
        process.wait(_STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
