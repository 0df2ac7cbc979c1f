"""A `flipline` process: started, stopped, killed or frozen, always by its own pid."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx

from deploy.localserver import free_port
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.support.processes import fork
from tests.support.processes.fork import Fork

ROOT = Path(__file__).parents[2]


class Process:
    """One process of `flipline <command>` on a port of its own, which it keeps from start to start."""

    def __init__(self, command: str, settings: Mapping[str, str], directory: Path) -> None:
        self.command = command
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._output = directory / f"{command}-{self.port}.log"
        self._child: Fork | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.kill()
        if kind:
            print(f"--- {self.command}, the end of its log ---\n{self.output()}")

    @property
    def pid(self) -> int:
        """The id of the running process."""
        assert self._child, f"{self.command} was never started"
        return self._child.pid

    def start(self) -> None:
        """Start the process; `ready` tells when it answers."""
        with Path(os.devnull).open() as nothing, self._output.open("ab") as output:
            self._child = Fork(
                [self.command, "--port", str(self.port)],
                environment(self._settings),
                files=[nothing.fileno(), output.fileno(), output.fileno()],
            )

    async def ready(self) -> None:
        """Wait until /readyz says so."""
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:

            async def answers() -> bool:
                assert self._child, f"{self.command} was never started"
                assert self._child.poll() is None, f"{self.command} has ended:\n{self.output()}"
                with suppress(httpx.TransportError):
                    return (await client.get(f"{self.url}/readyz")).is_success
                return False

            await eventually(answers)

    async def stop(self) -> int:
        """Ask the process to end, as Ctrl-C does, and return its exit code."""
        assert self._child, f"{self.command} was never started"
        self._child.send_signal(signal.SIGINT)
        return await asyncio.to_thread(self._child.wait)

    def kill(self) -> None:
        """Kill the process (SIGKILL), frozen or not; it may have ended before."""
        if self._child:
            self._child.kill()
            self._child.wait()

    def freeze(self) -> None:
        """Stop the process in the middle of its work (SIGSTOP); its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def output(self) -> str:
        """Return the end of what the process has printed."""
        return self.all_output()[-5_000:]

    def all_output(self) -> str:
        """Return all that the process has printed since it was started for the first time."""
        return self._output.read_text(errors="replace")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child: these settings and none of the developer's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FLIPLINE_")}
    return inherited | dict(settings)


async def run(*arguments: str, settings: Mapping[str, str]) -> tuple[int, str]:
    """Run a `flipline` command to its end and return its exit code and what it printed."""
    ended = await asyncio.to_thread(fork.run, arguments, environment(settings))
    return ended.returncode, ended.stdout + ended.stderr
