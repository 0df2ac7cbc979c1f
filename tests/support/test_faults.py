"""The faults do what they say: on disks, files, tables, servers, topics and backups that are real."""

import asyncio
import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.faults.copies import (
    copy_database,
    copy_files,
    drop_database,
    restore_database,
    restore_files,
)
from tests.support.faults.disk import filled
from tests.support.faults.locks import file_locked, table_locked
from tests.support.faults.servers import OwnServer, family
from tests.support.faults.topics import delete_topic, topics
from tests.support.patience import PATIENCE_SECONDS, a_moment, eventually
from tests.support.postgres import plain


def test_a_filled_disk_is_full_only_within_the_block(disk_of: Callable[[int], Path]) -> None:
    disk = disk_of(256)
    with filled(disk), pytest.raises(OSError, match="No space left") as full:
        (disk / "more").write_bytes(b"x" * 4096)
    assert full.value.errno == errno.ENOSPC
    (disk / "more").write_bytes(b"x" * 4096)
    with filled(disk, leave_kibibytes=16):
        (disk / "some").write_bytes(b"x" * 16 * 1024)
        with pytest.raises(OSError, match="No space left"):
            (disk / "too much").write_bytes(b"x" * 4096)


def test_sqlite_reports_a_full_disk(disk_of: Callable[[int], Path]) -> None:
    disk = disk_of(512)
    connection = sqlite3.connect(disk / "state.sqlite", isolation_level=None)
    connection.execute("create table t (v blob)")
    with filled(disk), pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        connection.execute("insert into t values (zeroblob(100000))")
    connection.execute("insert into t values (zeroblob(100000))")
    connection.close()


async def test_a_locked_file_can_be_read_and_not_written(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None, timeout=0)
    connection.execute("pragma journal_mode=wal")
    connection.execute("create table t (v)")
    for ends_by_itself in (True, False):
        async with file_locked(tmp_path / "state.sqlite", patience_seconds=PATIENCE_SECONDS) as holder:
            assert connection.execute("select count(*) from t").fetchone()
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                connection.execute("insert into t values (1)")
            if not ends_by_itself:
                holder.kill()
        connection.execute("insert into t values (1)")
    connection.execute("begin immediate")
    with pytest.raises(TimeoutError, match="somebody else has the lock"):
        async with file_locked(tmp_path / "state.sqlite", patience_seconds=0):
            pass
    connection.close()


@pytest.mark.postgres
async def test_a_locked_table_blocks_writers_or_also_readers(postgres_url: str) -> None:
    connection = await asyncpg.connect(plain(postgres_url))
    await connection.execute("set lock_timeout = 1")
    write, read = "insert into models (model, created_at) values ('m', now())", "select from models"
    async with table_locked(postgres_url, "models", "share"):
        await connection.execute(read)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await connection.execute(write)
    async with table_locked(postgres_url, "models"):
        with pytest.raises(asyncpg.LockNotAvailableError):
            await connection.execute(read)
    await connection.execute(write)
    await connection.close()


async def _select(address: str) -> int:
    connection = await asyncpg.connect(plain(address))
    try:
        return await connection.fetchval("select 1")
    finally:
        await connection.close()


@pytest.mark.postgres
async def test_an_own_postgres_can_be_frozen_killed_stopped_and_restarted(
    own_postgres: OwnServer,
) -> None:
    address = own_postgres.address
    connection = await asyncpg.connect(plain(address))
    assert len(family(own_postgres.pid)) > 3, "PostgreSQL is a family of processes"

    own_postgres.freeze()
    assert _states(own_postgres) == {"T"}
    answer = asyncio.create_task(connection.fetch("select 1"))
    await a_moment()
    assert not answer.done()
    own_postgres.thaw()
    assert await answer

    own_postgres.kill()
    with pytest.raises((OSError, asyncpg.PostgresError)):
        await connection.fetch("select 1")
    own_postgres.start()
    assert (own_postgres.address, await _select(address)) == (address, 1)

    own_postgres.stop()
    with pytest.raises(ConnectionRefusedError):
        await _select(address)
    own_postgres.start()
    assert await _select(address) == 1


def _states(server: OwnServer) -> set[str]:
    """Return the states of the processes of a server; T is stopped."""
    stats = [Path(f"/proc/{pid}/stat").read_text() for pid in family(server.pid)]
    return {stat.rpartition(") ")[2][0] for stat in stats}


@pytest.mark.kafka
async def test_an_own_kafka_can_be_frozen_and_killed_and_can_lose_a_topic(own_kafka: OwnServer) -> None:
    bootstrap = own_kafka.address.removeprefix("kafka://")
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("kept", 1, 1), NewTopic("lost", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait("kept", b"1")

    own_kafka.freeze()
    assert _states(own_kafka) == {"T"}
    sent = await producer.send("kept", b"2")
    own_kafka.thaw()
    assert (await sent).offset == 1

    own_kafka.kill()
    own_kafka.start()
    assert own_kafka.address == f"kafka://{bootstrap}"
    assert (await producer.send_and_wait("kept", b"3")).offset == 2
    await producer.stop()

    await delete_topic(bootstrap, "lost")
    assert (await topics(bootstrap)) & {"kept", "lost"} == {"kept"}


def test_a_data_directory_can_be_restored_in_full_or_in_part(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.mkdir()
    old = {"log.sqlite": "log 1", "state.sqlite": "state 1", "state.sqlite-wal": "wal 1"}
    new = {"log.sqlite": "log 2", "log.sqlite-wal": "wal 2", "state.sqlite": "state 2"}

    def fill(files: dict[str, str]) -> None:
        for path in data.iterdir():
            path.unlink()
        for name, text in files.items():
            (data / name).write_text(text)

    def contents() -> dict[str, str]:
        return {path.name: path.read_text() for path in data.iterdir()}

    fill(old)
    copy_files(data, copy)
    fill(new)
    restore_files(copy, data, "state.sqlite")
    newer_log = {name: text for name, text in new.items() if name.startswith("log")}
    assert contents() == newer_log | {"state.sqlite": "state 1", "state.sqlite-wal": "wal 1"}
    restore_files(copy, data)
    assert contents() == old


@pytest.mark.postgres
async def test_a_database_can_be_restored_from_a_copy(postgres_url: str) -> None:
    async def models(*, add: str | None = None) -> int:
        connection = await asyncpg.connect(plain(postgres_url))
        if add:
            await connection.execute("insert into models (model, created_at) values ($1, now())", add)
        found = await connection.fetchval("select count(*) from models")
        await connection.close()
        return found

    await models(add="early")
    copy = await eventually_copied(postgres_url)
    assert await models(add="late") == 2
    await restore_database(copy, postgres_url)
    assert await models() == 1
    await drop_database(copy)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await _select(copy)


async def eventually_copied(url: str) -> str:
    """Copy the database once PostgreSQL has noticed that its clients have left."""

    async def attempt() -> str | None:
        try:
            return await copy_database(url)
        except asyncpg.ObjectInUseError:
            return None

    return await eventually(attempt)
