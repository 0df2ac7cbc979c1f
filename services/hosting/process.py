"""One process: the log and the database that the settings name, the services it hosts, one HTTP port."""

import asyncio
import gc
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.hosting.announcing import Notices, announce
from shared.database.engine import Database
from shared.database.positions import topics_read
from shared.door.descriptors import make_room
from shared.door.limits import Limits
from shared.door.protocol import doorway
from shared.errors import Misconfigured
from shared.events import TOPICS
from shared.identity import Forms
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.process.clock import Clock, SystemClock
from shared.process.keys import Keys
from shared.process.measuring import keep_measuring
from shared.process.memory import keep_freed_memory
from shared.process.service import Service
from shared.process.settings import Settings
from shared.process.supervisor import Supervisor, Worker
from shared.web.http import Application, Check, build_app


@dataclass(frozen=True)
class Machinery:
    """What a process gives to the services it hosts."""

    settings: Settings
    keys: Keys
    forms: Forms
    clock: Clock
    log: EmbeddedLog | KafkaLog
    database: Database


Compose = Callable[[Machinery], Service]


class _Server(uvicorn.Server):
    """uvicorn that reports how ready the process is, and leaves the end of the process to its caller."""

    def __init__(self, config: uvicorn.Config, announcing: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(config)
        self._announcing = announcing
        self._announcer: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announcer = asyncio.create_task(self._announcing(), name="announcing")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        if self._announcer is not None:
            self._announcer.cancel()
            await asyncio.wait([self._announcer])
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # uvicorn's own method raises the signal again at the end, which would kill us before the log is
        # closed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def serve(
    settings: Settings,
    keys: Keys,
    composes: Sequence[Compose],
    *,
    listening: list[socket],
    notices: Notices,
) -> None:
    """Host the services on the sockets until the process is asked to stop; `notices` get its readiness.

    Raises Misconfigured when a part cannot be used as the settings name it, or when the limit of open files
    is too low for the connections.
    """
    make_room(settings.max_connections)
    _calm_the_collector()
    keep_freed_memory()
    async with AsyncExitStack() as stack:
        # A process that is silent for this long has lost its partitions anyway.
        database = Database(
            settings.effective_database_url, silence_seconds=settings.kafka_session_timeout_seconds
        )
        stack.push_async_callback(database.close)
        log = open_log(settings, database)
        stack.push_async_callback(log.close)
        machinery = Machinery(settings, keys, settings.forms(), SystemClock(), log, database)
        app = host([compose(machinery) for compose in composes], partial(keep_measuring, database))
        config = uvicorn.Config(
            app,
            access_log=False,
            proxy_headers=False,
            log_config=None,
            server_header=False,
            http=doorway(Limits(connections=settings.max_connections, requests=settings.max_requests)),
            ws="none",
            timeout_graceful_shutdown=10,
        )
        server = _Server(config, lambda: announce(app.readiness, notices))
        try:
            await server.serve(listening)
        except SystemExit as error:
            raise Misconfigured(
                "not_started", "The services did not start. The lines of the log above say why."
            ) from error


def _calm_the_collector() -> None:
    """Let the cycle collector run rarely.

    A batch has some hundred thousand objects and no cycles; at Python's thresholds repeated walks over them
    took a quarter of scoring's processor time here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 50, 50)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[tuple[Database, EmbeddedLog | KafkaLog]]:
    """Open the database and the log for a command that works on them, and close them at the end."""
    async with AsyncExitStack() as stack:
        database = Database(settings.effective_database_url)
        stack.push_async_callback(database.close)
        log = open_log(settings, database)
        stack.push_async_callback(log.close)
        yield database, log


def open_log(settings: Settings, database: Database) -> EmbeddedLog | KafkaLog:
    """Return the log that the settings name; the database knows the topics that were read."""
    if settings.log == "embedded":
        return EmbeddedLog(settings.data_dir / "log.sqlite")
    return KafkaLog(
        settings.log.removeprefix("kafka://"),
        topics=TOPICS,
        partitions=settings.kafka_partitions,
        prefix=settings.kafka_topic_prefix,
        session_timeout_seconds=settings.kafka_session_timeout_seconds,
        topics_read=partial(topics_read, database),
    )


def host(services: Sequence[Service], measure: Worker | None = None) -> Application:
    """Return the application of all services; their workers run as long as it does.

    `measure` updates the metrics of the database; a process without workers shows none.
    """
    workers = {name: worker for service in services for name, worker in service.workers.items()}
    auxiliary = {name: worker for service in services for name, worker in service.auxiliary.items()}
    if workers and measure is not None:
        auxiliary["measures"] = measure
    supervisor, auxiliaries = Supervisor(workers), Supervisor(auxiliary)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with supervisor, auxiliaries:
            yield

    checks: dict[str, Check] = {name: check for service in services for name, check in service.checks.items()}
    if workers:
        checks["workers"] = supervisor.check
    return build_app(
        title="Flipline " + " + ".join(service.name for service in services),
        routers=[router for service in services for router in service.routers],
        lifespan=lifespan,
        checks=checks,
        webhooks=[webhook for service in services for webhook in service.webhooks],
    )
