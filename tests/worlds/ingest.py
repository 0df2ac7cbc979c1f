"""A running ingest service over the real embedded log, used by HTTP, its log read back as events."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.ingest.compose import compose
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.events import DEAD_LETTERS, INTERACTIONS, DeadLetter, Event, Interaction, decode
from shared.identity import Forms
from shared.log.embedded import EmbeddedLog
from shared.log.port import Record
from shared.web.http import build_app
from tests.support.clock import FrozenClock
from tests.support.keys import KEYS, WRITE_KEY
from tests.support.log import messages_on
from tests.support.patience import eventually

BEARER = {"authorization": f"Bearer {WRITE_KEY}"}


class FailingLog(EmbeddedLog):
    """The embedded log, which refuses the next `failures` appends as if its disk were full."""

    failures = 0

    async def append(self, records: Sequence[Record]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("log_unavailable", "The disk is full.", 7)
        await super().append(records)


@dataclass
class IngestWorld:
    """The application, its clock and log, and a client that brings a write key."""

    app: FastAPI
    clock: FrozenClock
    log: FailingLog
    api: httpx.AsyncClient

    async def events(self, topic: str) -> list[Event]:
        """The events on a topic, in order."""
        return [decode(message.value) for message in await messages_on(self.log, topic)]

    async def interactions(self) -> list[Interaction]:
        """The interactions on the log, in order."""
        return [event for event in await self.events(INTERACTIONS) if isinstance(event, Interaction)]

    async def dead_letters(self) -> list[DeadLetter]:
        """The dead letters on the log, in order."""
        return [event for event in await self.events(DEAD_LETTERS) if isinstance(event, DeadLetter)]


@asynccontextmanager
async def run_ingest(directory: Path) -> AsyncIterator[IngestWorld]:
    """Run the service for as long as the context is open."""
    log = FailingLog(directory / "log.sqlite")
    clock = FrozenClock()
    database = Database(f"sqlite:///{directory}/state.sqlite")
    service = compose(log=log, database=database, clock=clock, keys=KEYS, forms=Forms())

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = build_app(title="ingest", routers=service.routers, lifespan=lifespan, checks=service.checks)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://flipline", headers=BEARER) as api:
        yield IngestWorld(app, clock, log, api)
    await database.close()
    await log.close()


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Serve an application on a free port of this machine and give its URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve([listening]))
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await task
