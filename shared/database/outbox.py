"""Events that a transaction wants on the log: stored with it, appended after it, then deleted.

A crash between append and delete repeats an event, so every event has an id that its readers know it by.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database.engine import Database
from shared.database.schema import Key, metadata
from shared.log.port import Log, Record
from shared.pulse import Pulse
from shared.supervisor import Bell

BATCH = 500
# What another process stored, or left behind when it died, is found by looking.
LOOK_AGAIN_SECONDS = 0.5

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("topic", Key, nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
)


async def put(connection: AsyncConnection, records: Sequence[Record]) -> None:
    """Store the records for the log as part of the caller's transaction."""
    if records:
        await connection.execute(sa.insert(outbox), [record._asdict() for record in records])


async def relay(database: Database, log: Log) -> int:
    """Append the oldest stored records to the log, delete them and return how many there were.

    Several relays may run. On PostgreSQL each skips the rows that another one is carrying. On SQLite a slow
    log must not keep the one writer's lock, so a relay takes the lock to delete only; two processes may then
    append the same records, which their readers know by their ids.
    """
    if database.dialect == "postgresql":
        async with database.unit() as connection:
            rows = await _oldest(connection)
            await _append(log, rows)
            await _delete(connection, rows)
        return len(rows)
    async with database.alone("relay"):
        async with database.reading() as connection:
            rows = await _oldest(connection)
        if rows:
            await _append(log, rows)
            async with database.unit() as connection:
                await _delete(connection, rows)
    return len(rows)


async def _oldest(connection: AsyncConnection) -> Sequence[sa.Row[Any]]:
    query = sa.select(outbox).order_by(outbox.c.id).limit(BATCH).with_for_update(skip_locked=True)
    return (await connection.execute(query)).all()


async def _append(log: Log, rows: Sequence[sa.Row[Any]]) -> None:
    if rows:
        await log.append([Record(row.topic, row.key, row.value) for row in rows])


async def _delete(connection: AsyncConnection, rows: Sequence[sa.Row[Any]]) -> None:
    if rows:
        await connection.execute(sa.delete(outbox).where(outbox.c.id.in_([row.id for row in rows])))


async def depth(connection: AsyncConnection) -> int:
    """Return how many records wait to be appended."""
    return int((await connection.execute(sa.select(sa.func.count()).select_from(outbox))).scalar_one())


async def keep_relaying(database: Database, log: Log, stored: Bell, pulse: Pulse) -> None:
    """Relay until cancelled; `stored` rings when there is something new."""
    while True:
        relayed = await relay(database, log)
        pulse.moved()
        if not relayed:
            await stored.wait(LOOK_AGAIN_SECONDS)
