"""A start that cannot succeed: exit code 1 and one sentence that says what is wrong and what to do."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import KEYS, flipline, up

pytestmark = pytest.mark.timeout(600)
SECRET = "a-secret-that-nobody-may-see"


def refusal(*arguments: str, **given: str) -> str:
    """Run the command to its end and return the one line that it prints."""
    ended = flipline(*arguments, **given)
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("flipline: ")
    assert SECRET not in line
    return line


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (("--port", "99999"), {}, "--port must be less than or equal to 65535"),
        (("--port", "-1"), {}, "--port must be greater than or equal to 0"),
        ((), {"host": ""}, "FLIPLINE_HOST is set but empty"),
        ((), {"host": "192.0.2.1"}, "FLIPLINE_HOST=192.0.2.1 is not an address of this machine"),
        ((), {"database_url": f"{SECRET}"}, "FLIPLINE_DATABASE_URL is not a URL"),
        ((), {"database_url": "sqlite:////no/where/state.sqlite"}, "create /no/where"),
        ((), {"database_url": f"postgresql+asyncpg://u:{SECRET}@127.0.0.1:1/d"}, "d at 127.0.0.1:1 cannot"),
    ],
)
def test_up_refuses_a_setting_or_option_that_cannot_work(
    tmp_path: Path, options: tuple[str, ...], given: dict[str, str], message: str
) -> None:
    assert message in refusal("up", *options, **({"port": "0", "data_dir": str(tmp_path)} | KEYS | given))


@pytest.mark.parametrize("end", ["a-file", "a-file/below", "/proc"])
def test_up_refuses_an_unusable_data_directory(tmp_path: Path, end: str) -> None:
    """No user may make files in /proc, not even root."""
    (tmp_path / "a-file").write_text("somebody's")
    line = refusal("up", "--port", "0", "--data-dir", str(tmp_path / end))
    assert f"{tmp_path / end} cannot be the data directory" in line
    assert "--data-dir" in line
    assert (tmp_path / "a-file").read_text() == "somebody's"


@pytest.mark.parametrize(
    "content", ["{", json.dumps({"write": SECRET}), json.dumps({"write": [SECRET[:20]]})]
)
def test_up_refuses_a_key_file_without_usable_keys(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    line = refusal("up", "--port", "0", "--data-dir", str(tmp_path))
    assert str(tmp_path / "keys.json") in line
    assert SECRET[:20] not in line
    assert (tmp_path / "keys.json").read_text() == content


@pytest.mark.parametrize(("command", "name"), [("up", "state.sqlite"), ("ingest", "log.sqlite")])
def test_a_start_with_a_file_that_is_not_a_database_is_refused(
    tmp_path: Path, command: str, name: str
) -> None:
    (tmp_path / name).write_text("This is no database. " * 500)
    line = refusal(command, "--port", "0", "--data-dir", str(tmp_path), **KEYS)
    assert str(tmp_path / name) in line
    assert "restore it from a backup" in line


@pytest.mark.parametrize("command", ["up", "migrate"])
def test_a_start_with_tables_of_a_newer_version_is_refused(
    migrated_sqlite: Path, tmp_path: Path, command: str
) -> None:
    state = tmp_path / "state.sqlite"
    state.write_bytes(migrated_sqlite.read_bytes())
    connection = sqlite3.connect(state)
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()
    line = refusal(command, data_dir=str(tmp_path), port="0", **KEYS)
    assert "'9999'" in line
    assert "newer" in line


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda url: url.rpartition("/")[0] + "/nobody-made-this", "does not exist"),
        (lambda url: url.replace("://flipline:", f"://flipline:{SECRET}"), "password"),
    ],
)
def test_up_refuses_a_database_server_that_denies_access(
    postgres: str, tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    line = refusal("up", data_dir=str(tmp_path), port="0", database_url=change(postgres), **KEYS)
    assert message in line
    assert "FLIPLINE_DATABASE_URL" in line


@pytest.mark.parametrize(
    ("command", "given", "message"),
    [
        ("up", {"write_keys": ""}, "FLIPLINE_WRITE_KEYS is empty"),
        ("ingest", {"ops_keys": SECRET[:23]}, "Key 1 of FLIPLINE_OPS_KEYS has 23 characters"),
        ("up", {"ops_keys": f"{KEYS['ops_keys']},{SECRET}:"}, "Key 2 of FLIPLINE_OPS_KEYS has a character"),
        ("handoff", {"write_keys": SECRET, "crm_keys": SECRET}, "A write key is also a crm key"),
    ],
)
def test_a_start_with_unusable_keys_is_refused(
    tmp_path: Path, command: str, given: dict[str, str], message: str
) -> None:
    line = refusal(command, "--port", "0", data_dir=str(tmp_path), **(KEYS | given))
    assert message in line
    assert SECRET[:20] not in line


def test_a_second_up_on_the_same_data_directory_is_refused(tmp_path: Path) -> None:
    data_dir, link = tmp_path / "data", tmp_path / "link"
    link.symlink_to(data_dir)
    with up(data_dir) as (first, _):
        for name in (data_dir, link):
            line = refusal("up", "--port", "0", "--data-dir", str(name))
            assert f"Another `flipline up` is running in {name}" in line
        first.kill()
        first.wait()
        with up(data_dir) as (_, printed):
            assert "Flipline is up" in printed
