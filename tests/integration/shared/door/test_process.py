"""The door of a process: its settings, the files that it may open, and which clients it serves."""

import re
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from services.commands.configuring import settings_of
from shared.door import descriptors
from shared.door.descriptors import OWN_FILES, SPARE_CONNECTIONS, make_room
from shared.errors import Misconfigured
from tests.support.command import ROOT, environment, up
from tests.support.patience import PATIENCE_SECONDS, until

# Sets limits of open files, then becomes the command.
WITH_FILES = (
    "import os, resource, sys; "
    "resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2]))); "
    "os.execv(sys.executable, [sys.executable, '-m', 'services', *sys.argv[3:]])"
)


def with_files(soft: int, hard: int, *arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITH_FILES, str(soft), str(hard), *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(**given),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_600_idle_connections_do_not_block_other_clients_of_an_instance(tmp_path: Path) -> None:
    with up(tmp_path / "data", max_connections="500") as (_, printed), ExitStack() as stack:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", printed)
        assert found
        for _ in range(600):
            stack.enter_context(
                socket.create_connection(("127.0.0.1", int(found[1])), timeout=PATIENCE_SECONDS)
            )
        url = f"{found[0]}/healthz"
        # In the first moment the answer may be to come again; then idle connections make way.
        until(lambda: is_answered(url))
        assert all(is_answered(url) for _ in range(20))


def is_answered(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    except httpx.TransportError:
        return False


def test_an_instance_refuses_to_start_when_its_connections_do_not_fit_the_open_files(tmp_path: Path) -> None:
    ended = with_files(256, 700, "up", "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 1
    assert "FLIPLINE_MAX_CONNECTIONS to 124 at most" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


WRONG = [("max_connections", "0"), ("max_requests", "-1"), ("max_requests", "x")]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_invalid_limit_in_the_settings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"FLIPLINE_{name.upper()}", value)
    with pytest.raises(Misconfigured, match=f"FLIPLINE_{name.upper()}"):
        settings_of(data_dir=tmp_path / "data")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """A stand-in for the system's limits of open files."""
    kept: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(descriptors.resource, "getrlimit", lambda _: kept["files"])
    monkeypatch.setattr(descriptors.resource, "setrlimit", lambda _, pair: kept.update(files=pair))
    return kept


NEEDED = 1000 + SPARE_CONNECTIONS + OWN_FILES
UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((256, UNLIMITED), (NEEDED, UNLIMITED)),
        ((256, 4096), (NEEDED, 4096)),
        ((256, NEEDED), (NEEDED, NEEDED)),
        ((2048, 4096), (2048, 4096)),
        ((UNLIMITED, UNLIMITED), (UNLIMITED, UNLIMITED)),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_needed(
    limits: dict[str, tuple[int, int]], before: tuple[int, int], after: tuple[int, int]
) -> None:
    limits["files"] = before
    make_room(1000)
    assert limits["files"] == after


@pytest.mark.parametrize("hard", [64, NEEDED - 1])
def test_a_hard_limit_that_is_too_low_is_refused_with_the_number_needed(
    limits: dict[str, tuple[int, int]], hard: int
) -> None:
    limits["files"] = (64, hard)
    with pytest.raises(Misconfigured, match=f"need {NEEDED} open files, and the system allows {hard}"):
        make_room(1000)
    assert limits["files"] == (64, hard)
