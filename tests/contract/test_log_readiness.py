"""The part of the log's exam about readiness: the check proves that a record could be written now."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.errors import Misconfigured, Unavailable
from shared.log import embedded, embedded_file
from shared.log.embedded import EmbeddedLog
from tests.contract.logs import records
from tests.support.log import messages_on


@pytest.fixture(autouse=True)
def prove_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PROOF_LASTS_SECONDS", -1.0)
    monkeypatch.setattr(embedded_file, "BUSY_TIMEOUT_SECONDS", 0.01)


async def test_a_locked_log_file_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = EmbeddedLog(path)
    await log.ping()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin immediate")
        for attempt in (log.ping(), log.append(records("1"))):
            with pytest.raises(Unavailable, match="SQLITE_BUSY"):
                await attempt
        other.execute("rollback")
    await log.ping()
    await log.close()


async def test_an_append_to_a_full_log_file_reports_the_full_disk_and_can_be_repeated(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    writer = log._file._writer
    (pages,) = writer.execute("pragma page_count").fetchone()
    writer.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(Unavailable, match="SQLITE_FULL"):
        await log.append(records("x" * 100_000))
    writer.execute("pragma max_page_count = 1000000")
    await log.append(records("1"))
    assert [message.value for message in await messages_on(log, "interactions")] == [b"1"]
    await log.close()


async def test_a_file_that_became_read_only_is_not_ready(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    log._file._writer.execute("pragma query_only = on")
    for attempt in (log.ping(), log.append(records("1"))):
        with pytest.raises(Unavailable, match="SQLITE_READONLY"):
            await attempt
    await log.close()


async def test_a_log_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    path.write_bytes(b"not a database at all " * 100)
    with pytest.raises(Misconfigured, match="SQLITE_NOTADB"):
        EmbeddedLog(path)


async def test_frequent_readiness_checks_write_to_the_log_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may ask, and each proof costs a write to the disk."""
    monkeypatch.setattr(embedded, "PROOF_LASTS_SECONDS", 3_600.0)
    log = EmbeddedLog(tmp_path / "log.sqlite")
    await log.ping()
    changes = log._file._writer.total_changes
    for _ in range(100):
        await log.ping()
    assert log._file._writer.total_changes == changes
    await log.close()
