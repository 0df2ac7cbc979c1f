"""A running instance, and a user who runs `flipline activate` against it, with and without a terminal."""

import json
import os
import pty
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from services.ops.activate import activate
from services.ops.activation_request import ActivationRequest
from tests.support.builders import rule
from tests.support.command import environment, up
from tests.support.patience import PATIENCE_SECONDS
from tests.support.processes.fork import Fork, run

MATRIX: dict[str, Any] = {"flip_number": 25, "stages": {"aware": 5}, "rules": [rule("visits", 10)]}
DEARER = MATRIX | {"rules": [rule("visits", 30)]}


class Instance:
    """A running instance, and a user who runs commands against it."""

    def __init__(self, url: str, data_dir: Path) -> None:
        self.url = url
        self.data_dir = data_dir
        self.keys = json.loads((data_dir / "keys.json").read_text())
        self.http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {self.keys['ops'][0]}"},
            timeout=PATIENCE_SECONDS,
        )

    def command(self, *words: str) -> list[str]:
        defaults = {"--url": self.url, "--data-dir": str(self.data_dir)}
        missing = [part for option in defaults.items() if option[0] not in words for part in option]
        return [*words, *missing]

    def activate(self, model: str, *arguments: str, **given: str) -> tuple[int, str]:
        """Run the command without a terminal; return its exit code and its output."""
        return self.run("activate", model, *arguments, **given)

    def run(self, *arguments: str, **given: str) -> tuple[int, str]:
        """Run any command without a terminal; return its exit code and its output."""
        ended = run(self.command(*arguments), environment(**given) | {"COLUMNS": "160"})
        return ended.returncode, words(ended.stdout + ended.stderr)

    def run_at_terminal(
        self,
        model: str,
        *arguments: str,
        answer: Callable[[], bytes],
        questions: tuple[str, ...] = ("Activate?",),
        command: tuple[str, ...] = ("activate",),
    ) -> tuple[int, str]:
        """Run the command at a terminal and answer the questions in their turn."""
        terminal, its_end = pty.openpty()
        child = Fork(
            self.command(*command, model, *arguments), environment() | {"COLUMNS": "160"}, files=[its_end] * 3
        )
        os.close(its_end)
        printed, waiting = b"", list(questions)
        try:
            while chunk := _read(terminal):
                printed += chunk
                if waiting and waiting[0].encode() in printed:
                    del waiting[0]
                    os.write(terminal, answer())
            return child.wait(), words(printed.decode())
        finally:
            child.kill()
            child.wait()
            os.close(terminal)

    def activate_in_process(self, model: str, **options: Any) -> str:
        """Activate as the command does, but in this process: to start another takes about a second."""
        console = Console(file=(out := StringIO()), width=160)
        wish = ActivationRequest(model, yes=True, **options)
        activate(wish, url=self.url, key=self.keys["ops"][0], console=console)
        return words(out.getvalue())

    def post_events(self, events: list[Any]) -> None:
        """Post events; some of them may be refused."""
        headers = {"Authorization": f"Bearer {self.keys['write'][0]}"}
        assert self.http.post("/v1/events", json=events, headers=headers).is_success

    def profiles(self, name: str) -> list[Any]:
        params = {"kind": "email", "value": f"{name}@example.com"}
        return self.http.get("/v1/profiles", params=params).json()["items"]

    def model(self, name: str) -> dict[str, Any]:
        return next(model for model in self.http.get("/v1/models").json()["items"] if model["model"] == name)


@contextmanager
def run_instance(data_dir: Path, **given: Any) -> Iterator[Instance]:
    with up(data_dir, **given) as (_, printed):
        url = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert url
        instance = Instance(url[0], data_dir)
        yield instance
        instance.http.close()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        # On Linux this error means that every process has closed the other end.
        return b""


def words(printed: str) -> str:
    """Return what was printed without the lines of tables, and with single spaces."""
    return re.sub(r"[\s\u2500-\u257f]+", " ", printed)
