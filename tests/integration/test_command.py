"""The command as a user meets it: what it prints, what it refuses, how it ends."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS, until

ROOT = Path(__file__).parents[2]


def environment(**given: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLIPLINE_")}
    return clean | {f"FLIPLINE_{name.upper()}": value for name, value in given.items()}


def flipline(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        cwd=ROOT, env=environment(**given), capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip


@contextmanager
def up(data_dir: Path, **given: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `flipline up` on a free port; give the process and what it printed until it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "up", "--port", "0", "--data-dir", str(data_dir)],
        cwd=ROOT, env=environment(**given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        printed = ""
        while "/v1/profiles?" not in printed:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            printed += line
        yield process, printed
    finally:
        process.kill()
        process.communicate()


def test_up_prints_keys_addresses_and_a_curl_that_works(tmp_path: Path) -> None:
    with up(tmp_path / "data") as (process, printed):
        keys = json.loads((tmp_path / "data" / "keys.json").read_text())
        assert all(keys[role][0] in printed for role in ("write", "ops", "crm"))
        post, look = re.findall(r"^  (curl .*)$", printed, re.MULTILINE)
        accepted = json.loads(subprocess.run(shlex.split(post), capture_output=True, check=True).stdout)
        assert accepted["results"][0]["status"] == "accepted"
        until(
            lambda: json.loads(subprocess.run(shlex.split(look), capture_output=True, check=True).stdout)[
                "items"
            ]
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_keys_and_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    with up(tmp_path / "data"):
        assert (tmp_path / "data" / "keys.json").stat().st_mode & 0o077 == 0


def test_keys_that_the_environment_gives_are_not_printed(tmp_path: Path) -> None:
    given = {"write_keys": "secret-w", "ops_keys": "secret-o", "crm_keys": "secret-c"}
    with up(tmp_path / "data", **given) as (_, printed):
        assert "secret-" not in printed


def test_no_key_reaches_the_log(tmp_path: Path) -> None:
    with up(tmp_path / "data", log_level="debug") as (process, printed):
        keys = json.loads((tmp_path / "data" / "keys.json").read_text())
        url = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert url
        with httpx.Client(base_url=url[0], timeout=PATIENCE_SECONDS) as http:
            http.post(f"/v1/track?writeKey={keys['write'][0]}", json={"writeKey": keys["write"][0]})
            http.get("/v1/models", headers={"Authorization": f"Bearer {keys['ops'][0]}"})
        process.send_signal(signal.SIGTERM)
        _, logged = process.communicate(timeout=PATIENCE_SECONDS)
    assert '"event":"request"' in logged
    assert "fl_" not in logged


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = flipline("up", "--port", str(port), "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("up",), {"port": "many"}, "FLIPLINE_PORT"),
        (("up",), {"log": "rabbit://x"}, "FLIPLINE_LOG"),
        (("up",), {"database_url": "mysql://x/y"}, "FLIPLINE_DATABASE_URL"),
        (("up",), {"webhook_allow": "not a network"}, "FLIPLINE_WEBHOOK_ALLOW"),
        (("ingest",), {}, "FLIPLINE_WRITE_KEYS"),
        (("demo",), {"write_keys": "w", "ops_keys": "o", "crm_keys": "c", "port": "1"}, "make run"),
    ],
)
def test_what_cannot_work_is_told_with_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], given: dict[str, str], told: str
) -> None:
    ended = flipline(*arguments, data_dir=str(tmp_path), **given)
    assert ended.returncode == 1
    assert told in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
