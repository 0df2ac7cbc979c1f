"""The part of the log's exam in which the log is replaced, restored, or deleted beneath its readers."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.database.engine import Database
from shared.database.positions import Claims, read_again, topics_read
from shared.errors import LogChanged, Unavailable
from shared.events import TOPICS
from shared.log import kafka_producer
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.log.port import Log
from tests.contract.logs import read, records, texts
from tests.support.patience import eventually


async def read_and_apply(log: Log, database: Database, count: int) -> list[str]:
    """Read `count` records for the group `exam` and store the position after them."""
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:
        messages = await read(consumer, count)
        await database.unit(lambda connection: claims.advance(connection, messages))
    return texts(messages)


async def refused(log: Log, database: Database) -> str:
    """Return why the log is refused to the group `exam`."""
    async with log.consume("interactions", "exam", Claims(database, "exam")) as consumer:
        with pytest.raises(LogChanged) as raised:
            await read(consumer, 1)
    return raised.value.message


async def test_a_reader_continues_at_its_position(log: Log, database: Database) -> None:
    await log.append(records("1", "2"))
    assert await read_and_apply(log, database, 2) == ["1", "2"]
    await log.append(records("3"))
    assert await read_and_apply(log, database, 1) == ["3"]


async def test_a_changed_record_before_the_position_stops_the_reader(log: Log, database: Database) -> None:
    """As after a restore of an older log that has new records since: its end proves nothing any more."""
    await log.append(records("1"))
    await read_and_apply(log, database, 1)
    await log.append(records("2"))
    claims = Claims(database, "exam")
    async with log.consume("interactions", "exam", claims) as consumer:
        (message, *_) = await read(consumer, 1)
        await database.unit(
            lambda connection: claims.advance(connection, [message._replace(value=b"another")])
        )
    assert "is not the record that was read there" in await refused(log, database)

    assert await database.unit(read_again) >= 1
    assert await read_and_apply(log, database, 2) == ["1", "2"]


async def test_a_restored_log_that_is_older_than_the_tables_stops_the_reader(
    database: Database, tmp_path: Path
) -> None:
    path, backup = tmp_path / "log.sqlite", tmp_path / "backup.sqlite"
    log = EmbeddedLog(path)
    await log.append(records("1", "2", "3"))
    await log.close()
    shutil.copy(path, backup)
    log = EmbeddedLog(path)
    await log.append(records("4", "5"))
    await read_and_apply(log, database, 5)
    await log.close()

    shutil.copy(backup, path)
    log = EmbeddedLog(path)
    assert "up to offset 6, but the log ends at 4: it is older than the tables" in await refused(
        log, database
    )

    await log.append(records("new 4", "new 5", "new 6"))
    assert "is not the record that was read there" in await refused(log, database)
    await database.unit(lambda connection: read_again(connection, "interactions"))
    assert await read_and_apply(log, database, 6) == ["1", "2", "3", "new 4", "new 5", "new 6"]
    await log.close()


async def test_a_new_log_stops_the_reader_of_the_old_log(database: Database, tmp_path: Path) -> None:
    first, second = EmbeddedLog(tmp_path / "first.sqlite"), EmbeddedLog(tmp_path / "second.sqlite")
    for log in (first, second):
        await log.append(records("1", "2"))
    await read_and_apply(first, database, 2)
    assert "have read another log up to offset 3" in await refused(second, database)
    await first.close()
    await second.close()


async def delete_topic(kafka: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics([name])
        await eventually(admin.list_topics, lambda topics: name not in topics)
    finally:
        await admin.close()


@pytest.mark.kafka
async def test_a_deleted_topic_is_not_made_anew_while_it_has_positions(
    kafka: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_producer, "PROOF_LASTS_SECONDS", 0.0)
    prefix = f"exam-{uuid4().hex[:8]}-"

    def opened() -> KafkaLog:
        return KafkaLog(
            kafka, topics=TOPICS, partitions=1, prefix=prefix, session_timeout_seconds=2,
            topics_read=lambda: topics_read(database),
        )  # fmt: skip

    log = opened()
    await log.append(records("1", "2"))
    await read_and_apply(log, database, 2)
    await log.ping()
    await delete_topic(kafka, f"{prefix}interactions")
    with pytest.raises(Unavailable):
        await log.ping()
    await log.close()

    log = opened()
    with pytest.raises(LogChanged, match="no longer has the topic interactions"):
        await log.append(records("3"))
    with pytest.raises(LogChanged, match="no longer has the topic interactions"):
        await log.ping()
    await log.close()

    await database.unit(lambda connection: read_again(connection, "interactions"))
    log = opened()
    await log.append(records("new"))
    assert await read_and_apply(log, database, 1) == ["new"]
    await log.close()


@pytest.mark.kafka
async def test_a_recreated_topic_stops_the_reader_and_readiness(
    kafka: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_producer, "PROOF_LASTS_SECONDS", 0.0)
    prefix = f"exam-{uuid4().hex[:8]}-"
    log = KafkaLog(kafka, topics=TOPICS, partitions=1, prefix=prefix, session_timeout_seconds=2)
    await log.append(records("1", "2", "3"))
    await read_and_apply(log, database, 3)

    await delete_topic(kafka, f"{prefix}interactions")
    other = KafkaLog(kafka, topics=TOPICS, partitions=1, prefix=prefix, session_timeout_seconds=2)
    await other.append(records("4", "5", "6", "7"))
    assert "have read another log up to offset 3" in await refused(other, database)
    with pytest.raises(LogChanged, match="was deleted and created again"):
        await log.ping()
    await log.close()
    await other.close()
