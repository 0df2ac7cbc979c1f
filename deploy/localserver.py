"""What both local servers have in common: a directory, a port, a log, and how they start and stop.

The directory holds `lock` (starts and stops take turns), `port`, `log` and what the server keeps.
"""

import fcntl
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.command import Failure, say, tail

HOST = "127.0.0.1"
# They end a hang: a server that ends by itself is noticed at once, and a busy machine may take its time.
START_LIMIT = 180.0
STOP_LIMIT = 60.0
_ANSWER_LIMIT = 20.0
_POLL_INTERVAL = 0.1


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
    # Not with filelock: these scripts run on a Python without packages.
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run to let go of {lock} ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True)
class LocalServer(ABC):
    """A server in the background that keeps everything in one directory."""

    name: str
    directory: Path

    @abstractmethod
    def runs(self) -> bool:
        """Return whether the process of the server is there."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether the server answers clients on its port."""

    @abstractmethod
    def launch(self, requested_port: int) -> None:
        """Start the server, which does not run, and return as soon as it is ready."""

    @abstractmethod
    def end(self) -> None:
        """End the server, which runs, and return when its process is gone."""

    @property
    def port(self) -> int:
        """The port of this run, or of the last one; 0 when there was none."""
        return read_number(self._port_file)

    @property
    def log(self) -> Path:
        """What the server writes goes here."""
        return self.directory / "log"

    def start(self, requested_port: int) -> None:
        """Start the server unless it runs, and return as soon as it answers."""
        with self._claimed():
            self._outlast_change(START_LIMIT)
            if self.runs():
                say(f"{self.name} is running already")
            else:
                self.launch(requested_port)
            self.check()

    def stop(self) -> None:
        """Stop the server if it runs."""
        if not self._lock.exists():
            say(f"{self.name} is not running in {self.directory}")
            return
        with self._claimed():
            if self.runs():
                say(f"stopping {self.name} ...")
                self.end()
            else:
                say(f"{self.name} is not running in {self.directory}")

    def check(self) -> None:
        """Fail if the server does not run or does not answer."""
        self._outlast_change(_ANSWER_LIMIT)
        if not self.runs():
            raise Failure(f"{self.name} is not running in {self.directory}")
        if not self.is_ready():
            raise self.failure(f"does not answer on port {self.port}, stop it and start it again")
        say(f"{self.name} is running in {self.directory} (port {self.port})")

    def choose_port(self, requested: int) -> int:
        """Return the requested port, if free; for 0 rather the last run's, since people note addresses."""
        if requested == 0:
            last = self.port
            port = last if last and _is_free(last) else free_port()
        elif _is_free(requested):
            port = requested
        else:
            raise Failure(
                f"port {requested} is taken; stop what listens there, or let --port 0 find a free one"
            )
        self._port_file.write_text(f"{port}\n")
        return port

    def begin_log(self) -> None:
        """Keep the log of the last run under another name."""
        if self.log.exists():
            self.log.replace(self.log.with_name("log.1"))

    def failure(self, problem: str) -> Failure:
        """Return the failure with the end of the log."""
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        return Failure(f"{self.name} {problem}; the end of {self.log}:\n{tail(log)}")

    def _outlast_change(self, limit: float) -> None:
        """Wait while the server is starting, or has crashed and its process is not yet reaped."""
        wait_until(lambda: not self.runs() or self.is_ready(), limit)

    @contextmanager
    def _claimed(self) -> Generator[None, None, None]:
        """Keep other starts and stops in this directory waiting while the block runs."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._lock.exists() and any(self.directory.iterdir()):
            raise Failure(f"{self.directory} holds other things; name a new or an empty directory with --dir")
        with exclusive(self._lock):
            yield

    @property
    def _lock(self) -> Path:
        return self.directory / "lock"

    @property
    def _port_file(self) -> Path:
        return self.directory / "port"


def read_number(path: Path) -> int:
    """Return the number in a file, 0 when there is none."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # The servers set it too; without it the closed connections of the last run make its port look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
