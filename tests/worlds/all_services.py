"""All services in one application, as `flipline up` composes them, without their workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import services.handoff.compose
import services.ingest.compose
import services.scoring.compose
from services.hosting.process import host
from shared.database.engine import Database
from shared.identity import Forms
from shared.log.embedded import EmbeddedLog
from shared.process.clock import SystemClock
from shared.process.settings import Settings
from shared.web.http import Application
from tests.support.keys import KEYS


@asynccontextmanager
async def compose_all_services(sqlite_url: str, directory: Path) -> AsyncIterator[Application]:
    """Compose the services on an embedded log and a migrated SQLite file."""
    log, database, clock = EmbeddedLog(directory / "log.sqlite"), Database(sqlite_url), SystemClock()
    forms = Forms()
    app = host([
        services.ingest.compose.compose(log=log, database=database, clock=clock, keys=KEYS, forms=forms),
        services.scoring.compose.compose(
            log=log, database=database, clock=clock, keys=KEYS, forms=forms, identity_limits={"user_id": 1}
        ),
        services.handoff.compose.compose(
            log=log, database=database, clock=clock, keys=KEYS, settings=Settings(data_dir=directory)
        ),
    ])  # fmt: skip
    assert isinstance(app, Application)
    yield app
    await database.close()
    await log.close()
