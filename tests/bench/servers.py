"""The processes of a run: started where they belong, watched, and ended by their id."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from deploy.localserver import HOST, free_port
from tests.bench.arena import ROOT, Arena, Wrong
from tests.bench.cores import pin

WRITE_KEY, OPS_KEY, CRM_KEY = (f"{role}-key-of-the-benchmark" for role in ("write", "ops", "crm"))
START_LIMIT = 60.0
STOP_LIMIT = 20.0
TAIL = 3_000


@dataclass(frozen=True)
class Server:
    """A running `flipline` process."""

    process: subprocess.Popen[bytes]
    port: int
    data_dir: Path
    log: Path

    def call(self, method: str, path: str, key: str, body: Any = None, *, seconds: float = 30) -> Any:
        """Call its API and return the JSON of the answer; raises Wrong without a success in that time."""
        connection = HTTPConnection(HOST, self.port, timeout=seconds)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                raise Wrong(f"{method} {path} answered {answer.status}: {text.decode()[:500]}")
            return json.loads(text) if text else None
        except TimeoutError as error:
            raise Wrong(f"{method} {path} is not answered after {seconds:.0f} s") from error
        finally:
            connection.close()

    def troubles(self) -> str:
        """Return the last warnings and errors of its log, as a hint why something did not happen."""
        lines = self.log.read_text(errors="replace").splitlines()
        warned = [line[:500] for line in lines if '"level":"error"' in line or '"level":"warning"' in line]
        return "\n".join(warned[-5:])

    def check(self) -> None:
        """Raise Wrong when the process has ended."""
        if self.process.poll() is not None:
            raise Wrong(f"flipline ended with {self.process.returncode}:\n{tail(self.log)}")


@contextmanager
def flipline(
    arena: Arena,
    command: str,
    *,
    pinned: bool = True,
    cores: frozenset[int] | None = None,
    name: str = "",
    data_dir: Path | None = None,
    **settings: str,
) -> Generator[Server]:
    """Run `flipline COMMAND` as a user would, until it is ready, under default settings except these.

    Pinned, it runs on the server's core or on the given cores; without `data_dir` it has files of its own.
    """
    data_dir = data_dir or arena.subdirectory(command)
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("FLIPLINE_")}
    environment |= {
        "FLIPLINE_PORT": str(port),
        "FLIPLINE_DATA_DIR": str(data_dir),
        "FLIPLINE_WRITE_KEYS": WRITE_KEY,
        "FLIPLINE_OPS_KEYS": OPS_KEY,
        "FLIPLINE_CRM_KEYS": CRM_KEY,
    }
    environment |= {f"FLIPLINE_{key.upper()}": value for key, value in settings.items()}
    module = ["services"]
    if arena.profiles:
        module = ["tests.bench.profiled", str(arena.profiles / f"{name or command}.prof")]
    log = data_dir / "stderr.log"
    with (
        log.open("wb") as output,
        started_process(
            [sys.executable, "-m", *module, command],
            cores=cores or (arena.cores.server if pinned else frozenset[int]()),
            environment=environment,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        server = Server(process, port, data_dir, log)
        _wait_until_ready(server)
        try:
            yield server
        except Wrong as error:
            raise Wrong("\n".join(filter(None, [str(error), server.troubles()]))) from error
        server.check()


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        server.check()
        connection = HTTPConnection(HOST, server.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    raise Wrong(f"flipline is not ready after {START_LIMIT:.0f} s:\n{tail(server.log)}")


def wait_for_port(port: int) -> None:
    """Wait until something listens on the port."""
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=5):
            return
        time.sleep(0.05)
    raise Wrong(f"nothing listens on port {port}")


class Helper:
    """A measuring process: it takes orders as JSON lines, and answers each with a JSON line."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    def ask(self, order: Mapping[str, Any]) -> Any:
        """Give an order and return the answer; raises Wrong when the process finds something wrong."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Wrong(f"a measuring process ended:\n{tail(self._log)}")
        answer = json.loads(line)
        if "wrong" in answer:
            raise Wrong(answer["wrong"])
        return answer


@contextmanager
def helper(arena: Arena, module: str, *arguments: str, cores: frozenset[int]) -> Generator[Helper]:
    """Run a module of this package that takes orders on stdin; it ends when that is closed."""
    log = arena.subdirectory("helper") / "stderr.log"
    with (
        log.open("wb") as errors,
        started_process(
            [sys.executable, "-m", f"tests.bench.{module}", *arguments],
            cores=cores,
            environment=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        yield Helper(process, log)


@contextmanager
def started(arena: Arena, module: str, *arguments: str, cores: frozenset[int]) -> Generator[int]:
    """Run a module of this package and give its process id."""
    log = arena.subdirectory("helper") / "stderr.log"
    with (
        log.open("wb") as errors,
        started_process(
            [sys.executable, "-m", f"tests.bench.{module}", *arguments],
            cores=cores,
            environment=dict(os.environ),
            stdout=errors,
            stderr=errors,
        ) as process,
    ):
        yield process.pid
        if process.poll() is not None:
            raise Wrong(f"{module} ended with {process.returncode}:\n{tail(log)}")


@contextmanager
def started_process(
    command: list[str], *, cores: frozenset[int], environment: Mapping[str, str], stdout: Any, stderr: Any
) -> Generator[subprocess.Popen[bytes]]:
    """Run a command on these cores, with a pipe as its standard input, and end it afterwards."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr
    )
    try:
        # Before it starts threads, since they inherit the cores.
        pin(process.pid, cores)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def tail(log: Path) -> str:
    """Return the end of a log."""
    return log.read_text(errors="replace")[-TAIL:]
