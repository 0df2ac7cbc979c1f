"""The command as a user sees it: its output, its refusals, its exit codes."""

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command import KEYS, environment, flipline, up
from tests.support.patience import PATIENCE_SECONDS, until


def commands(printed: str) -> tuple[str, str]:
    post, look = re.findall(r"^  (curl .*)$", printed, re.MULTILINE)
    return post, look


def pasted(command: str, **given: str) -> dict[str, list[dict[str, object]]]:
    """Run a line as a user who pastes it into a shell."""
    ended = subprocess.run(
        ["sh", "-c", command], env=environment(**given), capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def test_up_prints_keys_addresses_and_a_curl_that_works(tmp_path: Path) -> None:
    with up(tmp_path / "data") as (process, printed):
        keys = json.loads((tmp_path / "data" / "keys.json").read_text())
        assert all(keys[role][0] in printed for role in ("write", "ops", "crm"))
        post, look = commands(printed)
        assert pasted(post)["results"][0]["status"] == "accepted"
        until(lambda: pasted(look)["items"])
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0


def test_keys_are_printed_only_at_the_first_start_and_the_printed_curl_always_works(tmp_path: Path) -> None:
    """The directory has a blank and a quote in its name, and the curl has to work with them."""
    data_dir = tmp_path / "Ana's data"
    with up(data_dir) as (_, first):
        assert "fl_write_" in first
    with up(data_dir) as (_, printed):
        assert "fl_" not in printed
        assert str(data_dir / "keys.json") in printed
        post, look = commands(printed)
        assert pasted(post)["results"][0]["status"] == "accepted"
        assert "items" in pasted(look)


def test_keys_that_the_environment_gives_are_not_printed(tmp_path: Path) -> None:
    given: dict[str, Any] = KEYS | {"write_keys": f"{KEYS['write_keys']}, another-{KEYS['write_keys']}"}
    with up(tmp_path / "data", **given) as (_, printed):
        assert "-key-of-the-command-tests" not in printed
        assert not (tmp_path / "data" / "keys.json").exists()
        post, look = commands(printed)
        assert pasted(post, **given)["results"][0]["status"] == "accepted"
        assert "items" in pasted(look, **given)


def test_no_key_appears_in_the_log_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with up(tmp_path / "data", log=log, log_level="debug") as (process, printed):
        keys = json.loads((tmp_path / "data" / "keys.json").read_text())
        url = re.search(r"http://127\.0\.0\.1:\d+", printed)
        assert url
        with httpx.Client(base_url=url[0], timeout=PATIENCE_SECONDS) as http:
            http.post(f"/v1/track?writeKey={keys['write'][0]}", json={"writeKey": keys["write"][0]})
            http.get("/v1/models", headers={"Authorization": f"Bearer {keys['ops'][0]}"})
        process.send_signal(signal.SIGTERM)
        process.wait()
    logged = log.read_text()
    assert '"event":"request"' in logged
    assert "fl_" not in logged


def test_up_reports_a_port_in_use_without_a_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = flipline("up", "--port", str(port), "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "advice"),
    [
        (("up",), {"port": "many"}, "FLIPLINE_PORT"),
        (("up",), {"log": "rabbit://x"}, "FLIPLINE_LOG"),
        (("up",), {"database_url": "mysql://x/y"}, "FLIPLINE_DATABASE_URL"),
        (("up",), {"webhook_allow": "not a network"}, "FLIPLINE_WEBHOOK_ALLOW"),
        (("ingest",), {}, "FLIPLINE_WRITE_KEYS"),
        (("demo",), KEYS | {"port": "1"}, "flipline up"),
    ],
)
def test_a_misconfigured_command_fails_with_advice_and_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], given: dict[str, str], advice: str
) -> None:
    ended = flipline(*arguments, **({"data_dir": str(tmp_path)} | given))
    assert ended.returncode == 1
    assert advice in ended.stderr.replace("\n", " ")
    assert "Traceback" not in ended.stderr
