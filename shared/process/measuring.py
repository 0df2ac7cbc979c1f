"""The metrics of what a process depends on: the size of the database, and the length of the outbox."""

import asyncio

from shared.database import outbox
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.process.pulse import Pulse
from shared.process.telemetry import DATABASE_BYTES, OUTBOX_RECORDS

LOOK_EVERY_SECONDS = 15.0


async def keep_measuring(database: Database, pulse: Pulse) -> None:
    """Measure every few seconds until cancelled; while the database is down the last figures stay."""
    while True:
        try:
            DATABASE_BYTES.set(await database.size_bytes())
            OUTBOX_RECORDS.set(await outbox.depth(database))
            pulse.moved()
        except Unavailable as error:
            pulse.waits(error)
        await asyncio.sleep(LOOK_EVERY_SECONDS)
