"""Real parts for tests: SQLite files, a private PostgreSQL cluster, a Kafka broker.

A server that this machine cannot run is a skip with one line that says how to get it; where CI is set, it
is a failure, since CI installs what is needed.
"""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from shared.database.engine import Database
from shared.database.migrations import migrate
from shared.process.telemetry import configure_logging
from tests.support import servers
from tests.support.compiled import share_compiled_statements
from tests.support.faults.disk import small_disk
from tests.support.faults.missing import Missing
from tests.support.faults.servers import Kind, OwnServer, own_server
from tests.support.postgres import Databases, plain
from tests.support.prepared import share_certificates, share_prepared_types

# In CI the same examples on every run, elsewhere new ones. How long an example takes says more about the
# machine than about the code.
settings.register_profile(
    "flipline",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("flipline")

share_compiled_statements()
share_prepared_types()
share_certificates()


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    configure_logging("error", console=False)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        servers.begin()


def pytest_collection_finish(session: pytest.Session) -> None:
    # Thousands of collected tests stay to the end. If the cycle collector walks over them again and again, it
    # takes a tenth of the processor time of the tests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        servers.end()


@pytest.fixture(scope="session")
def kafka() -> str:
    """The bootstrap address of a real broker of this test run."""
    how_to_get = "no Kafka: apt-get install openjdk-17-jre-headless maven"
    return servers.address("kafka", how_to_get).removeprefix("kafka://")


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of a real PostgreSQL cluster of this test run."""
    return servers.address("postgres", "no PostgreSQL: apt-get install postgresql")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to copy: migrating anew for each test would be most of its time."""
    path = tmp_path_factory.mktemp("template") / "state.sqlite"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_databases(postgres: str) -> Databases:
    """As many migrated databases of the cluster as are needed."""

    async def never_wait_for_the_disk() -> None:
        # Tests kill processes, never the machine.
        connection = await asyncpg.connect(plain(postgres))
        for setting in ("fsync", "full_page_writes"):
            await connection.execute(f"alter system set {setting} = off")
        await connection.execute("select pg_reload_conf()")
        await connection.close()

    # PostgreSQL copies a template only if no other session is connected to it.
    migrated = servers.directory() / "migrated"
    with FileLock(servers.directory() / "migrating"):
        if not migrated.exists():
            asyncio.run(never_wait_for_the_disk())
            asyncio.run(migrate(postgres))
            migrated.touch()
    return Databases(postgres)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "state.sqlite"
    shutil.copy(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def postgres_url(postgres_databases: Databases) -> AsyncIterator[str]:
    """A migrated, empty database, which no other test uses at the same time."""
    url = await postgres_databases.take()
    yield url
    await postgres_databases.give_back(url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty migrated database, once for each dialect."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def disk_of(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make disks of a size in KiB, which may get full."""
    with ExitStack() as stack:

        def mounted(kibibytes: int) -> Path:
            try:
                return stack.enter_context(
                    small_disk(tmp_path / f"disk-{uuid4().hex[:8]}", kibibytes=kibibytes)
                )
            except Missing as error:
                servers.missing(str(error))

        yield mounted


@pytest.fixture
def own_postgres() -> Iterator[OwnServer]:
    """A cluster that a test may stop, kill and freeze."""
    yield from _own("postgres")


@pytest.fixture
def own_kafka() -> Iterator[OwnServer]:
    """A broker that a test may stop, kill and freeze."""
    yield from _own("kafka")


def _own(kind: Kind) -> Iterator[OwnServer]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(own_server(kind))
        except Missing as error:
            servers.missing(str(error))
        yield server


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()
