"""The outbox: events are stored in a transaction, appended to the log after it, then deleted.

A crash between append and delete repeats an event, so readers recognise every event by its id.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from shared.database import bulk, quick
from shared.database.engine import Database
from shared.database.schema import Key, metadata
from shared.log.port import Log, Record
from shared.process.pulse import Pulse
from shared.process.supervisor import Bell

BATCH = 500
# How often a relay looks for records that another process stored, or left behind when it died.
LOOK_AGAIN_SECONDS = 0.5
# On SQLite all writers share one lock, so deleting must not take it too often.
DELETE_EVERY_SECONDS = 1.0

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("topic", Key, nullable=False),
    sa.Column("key", Key, nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    # If an id were used twice, a slow relay could delete a record that was never appended.
    sqlite_autoincrement=True,
)


_OLDEST: Final = sa.select(outbox).order_by(outbox.c.id).limit(BATCH).with_for_update(skip_locked=True)
_DELETED: Final = sa.delete(outbox).where(outbox.c.id.in_(sa.bindparam("ids", expanding=True)))

_HAS_NEW: Final = "outbox"


def put(connection: sa.Connection, records: Sequence[Record]) -> None:
    """Store the records for the log as part of the caller's transaction."""
    if records:
        connection.info[_HAS_NEW] = True
        bulk.insert(connection, outbox, [record._asdict() for record in records])


def has_new_records(connection: sa.Connection) -> bool:
    """Return whether `put` was called on this connection since the last call of this function.

    It may also be true after a rollback, which only costs a needless look.
    """
    return bool(connection.info.pop(_HAS_NEW, False))


async def depth(database: Database) -> int:
    """Return how many records wait to be appended, as far as this process knows."""
    appended = _progress.get(database, _Progress()).appended
    waiting = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.id > appended)
    return int(await database.read(lambda connection: connection.execute(waiting).scalar_one()))


async def keep_relaying(database: Database, log: Log, stored: Bell, pulse: Pulse) -> None:
    """Relay until cancelled; `stored` rings when there is something new."""
    if database.dialect == "sqlite":
        await _relay_beside_the_writer(database, log, stored, pulse)
    while True:
        relayed = await relay(database, log)
        pulse.moved()
        if relayed < BATCH:
            await stored.wait(LOOK_AGAIN_SECONDS)


async def relay(database: Database, log: Log) -> int:
    """Append the oldest stored records to the log, delete them and return how many there were.

    Several relays may run: each skips the rows that another relay has locked.
    """
    if database.dialect == "sqlite":
        appended = await _append_new(database, log)
        await _delete_appended(database)
        return appended
    async with database.open_unit() as connection:
        rows = await connection.run(lambda session: session.execute(_OLDEST).all())
        if rows:
            await _append(log, rows)
            ids = [row.id for row in rows]
            await connection.run(lambda session: session.execute(_DELETED, {"ids": ids}))
    return len(rows)


async def _append(log: Log, rows: Sequence[Sequence[Any]]) -> None:
    await log.append([Record(topic, key, value) for _, topic, key, value in rows])


# On SQLite a slow log must not keep the one writer's lock. So records are read and appended without it, and
# deleted later. The delay does no harm, since a relay remembers how far it has come. Ids are assigned under
# the writer's lock: when an id is visible, all lower ids are visible too. Two processes may append the same
# records.


_NEW: Final = (
    sa.select(outbox)
    .where((outbox.c.id > sa.bindparam("appended")) | (outbox.c.id <= sa.bindparam("deleted")))
    .order_by(outbox.c.id)
    .limit(BATCH)
)


@dataclass
class _Progress:
    """The last id that this process has appended, and the last that it has deleted."""

    appended: int = 0
    deleted: int = 0


_progress: WeakKeyDictionary[Database, _Progress] = WeakKeyDictionary()


async def _relay_beside_the_writer(database: Database, log: Log, stored: Bell, pulse: Pulse) -> None:
    deleting = asyncio.create_task(_delete_in_intervals(database))
    try:
        while not deleting.done():
            appended = await _append_new(database, log)
            pulse.moved()
            if appended < BATCH:
                await stored.wait(LOOK_AGAIN_SECONDS)
        deleting.result()
    finally:
        deleting.cancel()


async def _delete_in_intervals(database: Database) -> None:
    while True:
        await _delete_appended(database)
        await asyncio.sleep(DELETE_EVERY_SECONDS)


async def _append_new(database: Database, log: Log) -> int:
    async with database.alone("relay"):
        progress = _progress.setdefault(database, _Progress())
        past = {"appended": progress.appended, "deleted": progress.deleted}
        rows = await database.read(lambda connection: quick.rows(connection, _NEW, past))
        if rows and rows[0][0] <= progress.deleted:
            # The table was created anew while this process ran, as by a migration, so its ids start again.
            progress.deleted = 0
        if rows:
            await _append(log, rows)
            progress.appended = rows[-1][0]
    return len(rows)


async def _delete_appended(database: Database) -> None:
    progress = _progress.setdefault(database, _Progress())
    end = progress.appended
    if progress.deleted < end:
        appended = sa.delete(outbox).where(outbox.c.id <= end)
        await database.unit(lambda connection: connection.execute(appended).close())
        progress.deleted = max(progress.deleted, end)
