"""The real Kafka and PostgreSQL that developers and CI start from `deploy/`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_SECONDS

DEPLOY = Path(__file__).parents[3] / "deploy"
LOG = re.compile(r"FLIPLINE_LOG=kafka://127\.0\.0\.1:\d+")
DATABASE_URL = re.compile(
    r"FLIPLINE_DATABASE_URL=(postgresql)\+asyncpg(://flipline:[\w-]+@127\.0\.0\.1:\d+/flipline)"
)


@dataclass(frozen=True)
class Run:
    """The result of a command."""

    code: int
    printed: str
    stderr: str

    @property
    def last_line(self) -> str:
        return self.printed.splitlines()[-1]


@dataclass(frozen=True)
class Server:
    """One of the two commands, with a directory to run in."""

    script: Path
    directory: Path
    pid_file: str = "pid"

    def __call__(self, command: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        result = subprocess.run(
            [sys.executable, self.script, command, "--dir", self.directory, *arguments],
            cwd="/",
            env=None if environment is None else dict(environment),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        return Run(result.returncode, result.stdout, result.stderr)

    def start(self) -> str:
        """Start on any free port and return the last line of stdout."""
        run = self("start", "--port", "0")
        assert run.code == 0, run.stderr
        return run.last_line

    def pid(self) -> int:
        return int((self.directory / self.pid_file).read_text().split()[0])


@pytest.fixture
def directory() -> Generator[Path, None, None]:
    # Not tmp_path: if root runs pytest, the user of PostgreSQL cannot enter it.
    parent = Path(tempfile.mkdtemp(prefix="flipline-test-"))
    parent.chmod(0o755)
    yield parent / "server"
    shutil.rmtree(parent)


@pytest.fixture
def kafka(directory: Path) -> Generator[Server, None, None]:
    server = Server(DEPLOY / "kafka/broker.py", directory)
    yield server
    server("stop")


@pytest.fixture
def postgres(directory: Path) -> Generator[Server, None, None]:
    server = Server(DEPLOY / "postgres/cluster.py", directory, "data/postmaster.pid")
    yield server
    server("stop")


def query(url: str, statement: str) -> str:
    result = subprocess.run(["psql", url, "-qtAc", statement], capture_output=True, text=True, check=True)
    return result.stdout.strip()


@pytest.mark.kafka
def test_a_broker_starts_once_stops_and_comes_back_with_its_storage(kafka: Server) -> None:
    line = kafka.start()
    assert LOG.fullmatch(line)
    storage = (kafka.directory / "data/meta.properties").read_bytes()

    pid = kafka.pid()
    again = kafka("start", "--port", "0")
    assert (again.code, again.last_line, kafka.pid()) == (0, line, pid)
    assert "running already" in again.stderr
    assert kafka("status").printed == f"{line}\n"

    assert kafka("stop").code == 0
    assert kafka("stop").code == 0
    assert kafka("status").code == 1

    assert kafka.start() == line
    assert (kafka.directory / "data/meta.properties").read_bytes() == storage


@pytest.mark.kafka
def test_a_port_that_is_taken_is_named(kafka: Server, tmp_path: Path) -> None:
    port = kafka.start().rpartition(":")[2]
    second = Server(kafka.script, tmp_path)("start", "--port", port)
    assert second.code == 1
    assert f"port {port} is taken" in second.stderr


@pytest.mark.kafka
def test_two_fetches_at_once_leave_one_complete_cache(tmp_path: Path) -> None:
    broken = tmp_path / "flipline/kafka-4.3.1/partial-broken"
    broken.mkdir(parents=True)
    (broken / "kafka_2.13-4.3.1.jar").write_bytes(b"half of i")

    fetch = Server(DEPLOY / "kafka/broker.py", tmp_path / "unused")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    with ThreadPoolExecutor() as both:
        futures = [both.submit(fetch, "fetch", environment=environment) for _ in range(2)]
    runs = [future.result() for future in futures]

    assert [run.code for run in runs] == [0, 0], runs
    locked = {line.split()[1] for line in (DEPLOY / "kafka/jars.sha256").read_text().splitlines()}
    (cached,) = (path for path in broken.parent.iterdir() if path.is_dir())
    assert {jar.name for jar in cached.iterdir()} == locked


def test_the_broker_script_says_what_to_install_without_java(kafka: Server, tmp_path: Path) -> None:
    run = kafka("start", environment={"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert run.code == 3
    assert "apt-get install openjdk-17-jre-headless maven" in run.stderr
    assert run.printed == ""


@pytest.mark.kafka
def test_the_broker_script_says_what_to_install_without_maven(kafka: Server, tmp_path: Path) -> None:
    java = shutil.which("java")
    assert java
    (tmp_path / "java").symlink_to(java)
    run = kafka("start", environment={"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert run.code == 3
    assert "apt-get install maven" in run.stderr


def test_stop_does_not_end_a_foreign_process_with_the_recorded_pid(kafka: Server) -> None:
    kafka.directory.mkdir()
    (kafka.directory / "lock").touch()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger:
        (kafka.directory / "pid").write_text(f"{stranger.pid}\n")
        run = kafka("stop")
        survived = stranger.poll() is None
        stranger.kill()
    assert survived
    assert run.code == 0
    assert "not running" in run.stderr


@pytest.mark.postgres
def test_a_cluster_starts_once_stops_and_comes_back_with_its_rows(postgres: Server) -> None:
    line = postgres.start()
    parts = DATABASE_URL.fullmatch(line)
    assert parts
    url = "".join(parts.groups())
    assert query(url, "show server_encoding") == "UTF8"
    query(url, "create table kept as select 'ü' as row")

    pid = postgres.pid()
    again = postgres("start")
    assert (again.code, again.last_line, postgres.pid()) == (0, line, pid)
    assert "running already" in again.stderr
    assert postgres("status").printed == f"{line}\n"

    assert postgres("stop").code == 0
    assert postgres("stop").code == 0
    assert postgres("status").code == 1

    assert postgres.start() == line
    assert query(url, "select row from kept") == "ü"


@pytest.mark.postgres
def test_a_killed_cluster_recovers(postgres: Server) -> None:
    line = postgres.start()
    os.kill(postgres.pid(), 9)
    assert postgres.start() == line
    os.kill(postgres.pid(), 9)
    assert postgres("stop").code == 0
    assert postgres("status").code == 1


@pytest.mark.postgres
def test_a_directory_may_have_any_name(directory: Path) -> None:
    postgres = Server(DEPLOY / "postgres/cluster.py", directory / 'it\'s "$HOME"', "data/postmaster.pid")
    directory.mkdir()
    directory.chmod(0o755)
    try:
        line = postgres.start()
        assert postgres("status").printed == f"{line}\n"
    finally:
        postgres("stop")


@pytest.mark.postgres
def test_a_cluster_refuses_a_directory_with_other_files(postgres: Server) -> None:
    postgres.directory.mkdir()
    (postgres.directory / "thesis.tex").touch()
    run = postgres("start")
    assert run.code == 1
    assert "holds other things" in run.stderr
    assert [path.name for path in postgres.directory.iterdir()] == ["thesis.tex"]


@pytest.mark.postgres
@pytest.mark.skipif(os.geteuid() != 0, reason="any other user runs the cluster where it can write itself")
def test_as_root_the_cluster_moves_to_a_directory_that_its_user_can_enter_and_names_it(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    postgres = Server(DEPLOY / "postgres/cluster.py", tmp_path / "server")
    run = postgres("start")
    try:
        assert DATABASE_URL.fullmatch(run.last_line)
        match = re.search(r"so the cluster is in (\S+)", run.stderr)
        assert match
        assert not postgres.directory.exists()
    finally:
        postgres("stop")
    shutil.rmtree(match[1])
