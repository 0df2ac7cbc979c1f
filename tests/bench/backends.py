"""The broker and the database of a run, started by the scripts in `deploy/` and stopped by them."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.arena import ROOT, Arena, Wrong
from tests.bench.cores import pin

START_LIMIT = 120.0
TAIL = 3_000


@contextmanager
def kafka(arena: Arena) -> Generator[str]:
    """Run a broker and give its address."""
    with _local(arena, "kafka/broker.py") as setting:
        yield setting.removeprefix("kafka://")


@contextmanager
def postgres(arena: Arena) -> Generator[str]:
    """Run a PostgreSQL cluster and give its URL."""
    with _local(arena, "postgres/cluster.py") as setting:
        yield setting


def broker_pid(arena: Arena) -> int:
    """Return the process id of the run's broker."""
    (noted,) = arena.directory.glob("kafka-*/server/pid")
    return int(noted.read_text())


@contextmanager
def _local(arena: Arena, script: str) -> Generator[str]:
    name = Path(script).parent.name
    arena.print_step(f"starting {name} ...")
    directory = arena.subdirectory(name) / "server"
    command = [sys.executable, str(ROOT / "deploy" / script)]
    try:
        with subprocess.Popen(
            [*command, "start", "--port", "0", "--dir", str(directory)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as starting:  # fmt: skip
            pin(starting.pid, arena.cores.rest)
            output, errors = starting.communicate(timeout=START_LIMIT)
        if starting.returncode:
            raise Wrong(f"{name} does not start:\n{errors[-TAIL:]}")
        yield output.strip().splitlines()[-1].partition("=")[2]
    finally:
        subprocess.run([*command, "stop", "--dir", str(directory)], check=False, capture_output=True)
