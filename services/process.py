"""One process: the log and the database that the settings name, the services it hosts, one HTTP port."""

import asyncio
import gc
import signal
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from socket import socket

import uvicorn
from fastapi import FastAPI

from shared.auth import Keys
from shared.clock import Clock, SystemClock
from shared.database.engine import Database
from shared.door.descriptors import make_room
from shared.door.limits import Limits
from shared.door.protocol import doorway
from shared.errors import Misconfigured
from shared.events import TOPICS
from shared.http import Check, build_app
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.service import Service
from shared.settings import Settings
from shared.supervisor import Supervisor


@dataclass(frozen=True)
class Machinery:
    """What a process gives to the services it hosts."""

    settings: Settings
    keys: Keys
    clock: Clock
    log: EmbeddedLog | KafkaLog
    database: Database


Compose = Callable[[Machinery], Service]


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, and leaves the process's end to whoever started it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # uvicorn's own raises the signal again at the end, which would kill us before the log is closed.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def serve(
    settings: Settings, keys: Keys, composes: Sequence[Compose], *, ready: Callable[[int], None]
) -> None:
    """Host the services until the process is told to stop; `ready` gets the port once it is open.

    Raises Misconfigured when the port is taken, or too few files can be open for so many connections.
    """
    make_room(settings.max_connections)
    _calm_the_collector()
    async with AsyncExitStack() as stack:
        log = open_log(settings)
        stack.push_async_callback(log.close)
        # Who is silent for that long has lost its partitions anyway.
        database = Database(
            settings.effective_database_url, silence_seconds=settings.kafka_session_timeout_seconds
        )
        stack.push_async_callback(database.close)
        machinery = Machinery(settings, keys, SystemClock(), log, database)
        config = uvicorn.Config(
            host([compose(machinery) for compose in composes]),
            host=settings.host,
            port=settings.port,
            access_log=False,
            proxy_headers=False,
            log_config=None,
            server_header=False,
            http=doorway(Limits(connections=settings.max_connections, requests=settings.max_requests)),
            ws="none",
            timeout_graceful_shutdown=10,
        )
        server = _Server(config, ready)
        try:
            await server.serve()
        except SystemExit as error:
            raise Misconfigured(
                "port_taken", f"Cannot listen on {settings.host}:{settings.port}; name another with --port."
            ) from error


def _calm_the_collector() -> None:
    """Let the cycle collector run rarely.

    A batch holds some hundred thousand objects and no cycles; at Python's thresholds walking them over and
    over took a quarter of scoring's processor time here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 50, 50)


def open_log(settings: Settings) -> EmbeddedLog | KafkaLog:
    """Return the log that the settings name."""
    if settings.log == "embedded":
        return EmbeddedLog(settings.data_dir / "log.sqlite")
    return KafkaLog(
        settings.log.removeprefix("kafka://"),
        topics=TOPICS,
        partitions=settings.kafka_partitions,
        prefix=settings.kafka_topic_prefix,
        session_timeout_seconds=settings.kafka_session_timeout_seconds,
    )


def host(services: Sequence[Service]) -> FastAPI:
    """Return the application of all services; their workers run as long as it does."""
    supervisor = Supervisor({name: worker for one in services for name, worker in one.workers.items()})

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with supervisor:
            yield

    checks: dict[str, Check] = {name: check for one in services for name, check in one.checks.items()}
    if any(one.workers for one in services):
        checks["workers"] = supervisor.check
    return build_app(
        title="Flipline " + " + ".join(one.name for one in services),
        routers=[router for one in services for router in one.routers],
        lifespan=lifespan,
        checks=checks,
    )
