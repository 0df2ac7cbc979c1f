"""All services in one application, as `flipline up` composes them, without their workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import services.handoff.compose
import services.ingest.compose
import services.scoring.compose
from services.process import host
from shared.clock import SystemClock
from shared.database.engine import Database
from shared.http import Application
from shared.identity import Forms
from shared.keys import Keys
from shared.log.embedded import EmbeddedLog
from shared.settings import Settings

KEYS = Keys(write=("write-key",), ops=("ops-key",), crm=("crm-key",))


@asynccontextmanager
async def whole(sqlite_url: str, directory: Path) -> AsyncIterator[Application]:
    """Compose the services on an embedded log and a migrated SQLite file."""
    log, database, clock = EmbeddedLog(directory / "log.sqlite"), Database(sqlite_url), SystemClock()
    app = host([
        services.ingest.compose.compose(log=log, database=database, clock=clock, keys=KEYS),
        services.scoring.compose.compose(
            log=log, database=database, clock=clock, keys=KEYS, identity_limits={"user_id": 1}, forms=Forms(),
        ),
        services.handoff.compose.compose(
            log=log, database=database, clock=clock, keys=KEYS, settings=Settings(data_dir=directory)
        ),
    ])  # fmt: skip
    assert isinstance(app, Application)
    yield app
    await database.close()
    await log.close()
