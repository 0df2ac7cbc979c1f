"""What every local server here has in common: one directory, one process, one port, one log.

The directory holds `lock` (start and stop take turns), `pid`, `port`, `log` and whatever the server itself keeps.
Steps are told on stderr, so stdout carries nothing but the line to use.
"""

import argparse
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_LIMIT = 60.0
STOP_LIMIT = 15.0
_KILL_LIMIT = 5.0
_POLL = 0.1
_TAIL_LINES = 30


class Failure(Exception):
    """The command cannot be carried out, and the message says what to do next."""

    exit_code = 1


class MissingPrerequisite(Failure):
    """A program that has to be installed first is missing."""

    exit_code = 3


class Options(argparse.Namespace):
    """The command line of a local server, once parsed."""

    command: str = ""
    directory: Path = Path()
    port: int = 0


def say(step: str) -> None:
    """Tell the person waiting what happens now."""
    print(step, file=sys.stderr, flush=True)


def tail(text: str) -> str:
    """Return the last lines of a server's or a tool's output."""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])


def wait_until(condition: Callable[[], bool], limit: float) -> bool:
    """Poll the condition until it holds or the limit, in seconds, has passed; return whether it held."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL)
    return True


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port of the loopback address."""
    with closing(socket.socket()) as probe:
        # As the servers do themselves; otherwise the closed connections of the last run would make a port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def exclusive(lock: Path) -> Generator[None]:
    """Hold the lock file while the block runs, waiting for another process to let go of it first."""
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run to let go of {lock} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class Account:
    """The system user a server runs as when the caller may not run it itself."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class LocalServer:
    """One server in the background and the directory that is its own."""

    name: str
    directory: Path
    signature: str
    """Arguments that appear in the command line of this very server and of no other process."""

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"

    @property
    def log(self) -> Path:
        """The output of the run that is on, or was the last."""
        return self.directory / "log"

    @contextmanager
    def claimed(self) -> Generator[None]:
        """Make the directory this server's own and keep other starts and stops out while the block runs."""
        lock = self.directory / "lock"
        self.directory.mkdir(parents=True, exist_ok=True)
        if not lock.exists() and any(self.directory.iterdir()):
            raise Failure(f"{self.directory} holds other things; name an empty or a new directory with --dir")
        with exclusive(lock):
            yield

    def pid(self) -> int | None:
        """Return the process id if the server runs, else None."""
        pid = _read_number(self._pid_file)
        # A pid outlives its process and is given out again, so the number alone proves nothing.
        return pid if pid and f" {self.signature} " in f" {_command_line(pid)} " else None

    def port(self) -> int:
        """Return the port of the run that is on, or was the last; 0 before the first run."""
        return _read_number(self.directory / "port") or 0

    def choose_port(self, wanted: int) -> int:
        """Return the wanted port; for 0 the last one if it is still free, since its address may be written down."""
        if not wanted:
            last = self.port()
            return last if last and is_free(last) else free_port()
        if not is_free(wanted):
            raise Failure(f"port {wanted} is taken; stop what listens there, or use --port 0 for a free one")
        return wanted

    def launch(
        self, command: Sequence[str], port: int, ready: Callable[[], bool], account: Account | None = None
    ) -> None:
        """Start the server in the background and return once it is ready."""
        say(f"starting {self.name} on {HOST}:{port} ...")
        if self.log.exists():
            self.log.replace(self.log.with_name("log.1"))
        with self.log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **as_account(account),
            )
        try:
            self._pid_file.write_text(f"{process.pid}\n")
            (self.directory / "port").write_text(f"{port}\n")
            if not wait_until(lambda: process.poll() is not None or ready(), START_LIMIT):
                raise self._failure(f"was not ready after {START_LIMIT:.0f} s")
            if process.poll() is not None:
                raise self._failure(f"ended with code {process.returncode} while starting")
        except BaseException:
            _end(process)
            self._pid_file.unlink(missing_ok=True)
            raise

    def stop(self, polite: signal.Signals, forced: signal.Signals) -> None:
        """Ask the server to end, force it when it does not, and return once it is gone."""
        if not self.directory.is_dir() or (pid := self.pid()) is None:
            say(f"{self.name} is not running in {self.directory}")
            return
        with self.claimed():
            say(f"stopping {self.name} (pid {pid}) ...")
            self._send(pid, polite)
            if not wait_until(lambda: self.pid() != pid, STOP_LIMIT):
                say(f"{self.name} has not ended after {STOP_LIMIT:.0f} s, forcing it ...")
                self._send(pid, forced)
                if not wait_until(lambda: self.pid() != pid, _KILL_LIMIT):
                    raise self._failure(f"(pid {pid}) does not end")
            self._pid_file.unlink(missing_ok=True)
