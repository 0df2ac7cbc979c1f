"""The machine of the figures, which mean nothing without it."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from deploy.command import Failure
from deploy.kafka.jars import find_java, kafka_version
from deploy.postgres.binaries import find_binaries
from tests.bench.arena import ROOT

LIBRARIES = (
    "aiokafka",
    "asyncpg",
    "fastapi",
    "httptools",
    "msgspec",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
)


def describe() -> dict[str, Any]:
    """Return machine, versions and date."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _output("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "cores": os.cpu_count(),
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "java": _java(),
        "kafka": kafka_version(),
        "postgresql": _postgresql(),
        "load_average": list(os.getloadavg()),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _field(file: str, name: str) -> str | None:
    """Return the value of the first line with this name in a file of /proc; None where there is no /proc."""
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    return next(
        (value.strip() for key, _, value in (line.partition(":") for line in lines) if key.strip() == name),
        None,
    )


def _java() -> str | None:
    try:
        printed = subprocess.run([find_java(), "-version"], capture_output=True, text=True, check=True)
    except (Failure, subprocess.CalledProcessError):
        return None
    return printed.stderr.partition("\n")[0]


def _postgresql() -> str | None:
    try:
        return _output(str(find_binaries(None) / "postgres"), "--version")
    except Failure:
        return None


def _output(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
