"""The outbox: events of a transaction reach the log later, in order, and once."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.outbox import outbox, put, relay
from shared.errors import Unavailable
from shared.log.embedded import EmbeddedLog
from shared.log.port import Log, Record
from tests.support.log import messages_on
from tests.support.tables import values


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    opened = EmbeddedLog(tmp_path / "log.sqlite")
    yield opened
    await opened.close()


async def test_the_relay_takes_the_outbox_to_the_log_in_order(log: EmbeddedLog, database: Database) -> None:
    records = [Record("leads", "ana", b"1"), Record("leads", "ben", b"2")]
    await database.unit(lambda connection: put(connection, records))
    assert await relay(database, log) == 2
    assert await relay(database, log) == 0
    assert [message.value for message in await messages_on(log, "leads")] == [b"1", b"2"]


async def test_records_that_the_log_refuses_stay_in_the_outbox(database: Database) -> None:
    class Down:
        async def append(self, records: Sequence[Record]) -> None:
            raise Unavailable("log_unavailable", "down")

    await database.unit(lambda connection: put(connection, [Record("leads", "ana", b"1")]))
    with pytest.raises(Unavailable):
        await relay(database, cast("Log", Down()))
    assert await values(database, sa.select(outbox.c.value)) == [b"1"]
