"""What comes before a command's own work: its data directory, keys, tables and port."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from uvicorn.loops.auto import auto_loop_factory

from services.hosting.announcing import Logged
from services.hosting.listening import listen, port_of, url_of
from services.hosting.process import Compose, serve
from services.hosting.welcome import Welcome
from shared.database.migrations import migrate as migrate_database
from shared.database.urls import sqlite_file
from shared.errors import Misconfigured
from shared.process.datadir import close_files, exclusive, prepare
from shared.process.keys import ROLES, load_keys, make_key_file
from shared.process.settings import Settings


def run_all(settings: Settings, composes: Sequence[Compose], first: Callable[[Settings], None]) -> None:
    """Run all services in this process, alone on the data directory; make keys where they are missing.

    `first` is done once the tables exist and before anything is served.
    """
    with ExitStack() as stack:
        _prepare_files(settings, directory=True, tables=True)
        stack.enter_context(exclusive(settings.data_dir))
        configured = settings.configured_keys
        made = any(configured[role] is None for role in ROLES) and make_key_file(settings.data_dir)
        keys = load_keys(settings.data_dir, configured)
        asyncio.run(migrate_database(settings.effective_database_url))
        first(settings)
        listening = listen(settings.host, settings.port)
        url = url_of(settings.host, port_of(listening))
        notices = Welcome(settings, url, keys if made else None)
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(serve(settings, keys, composes, listening=listening, notices=notices))


def run_service(
    settings: Settings,
    compose: Compose,
    *,
    needs_database: bool,
    first: Callable[[Settings], None] | None = None,
) -> None:
    """Run a service in a process of its own, beside any number of others; `first` as in `run_all`."""
    _prepare_files(settings, directory=settings.log == "embedded", tables=needs_database)
    keys = load_keys(settings.data_dir, settings.configured_keys)
    if needs_database:
        asyncio.run(migrate_database(settings.effective_database_url))
    if first is not None:
        first(settings)
    listening = listen(settings.host, settings.port)
    notices = Logged(url_of(settings.host, port_of(listening)))
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serve(settings, keys, [compose], listening=listening, notices=notices))


def migrate(settings: Settings) -> None:
    """Bring the database to this version's schema; raises Misconfigured when it cannot be used."""
    _prepare_files(settings, directory=False, tables=True)
    asyncio.run(migrate_database(settings.effective_database_url))


def require_data_directory(settings: Settings) -> None:
    """Raise Misconfigured when the directory of an embedded log is missing: it would be made, empty."""
    if settings.log == "embedded" and not settings.data_dir.is_dir():
        raise Misconfigured(
            "data_dir_missing",
            f"There is no directory {settings.data_dir}. Name the data directory with --data-dir.",
        )


def _prepare_files(settings: Settings, *, directory: bool, tables: bool) -> None:
    """Make the process's files private; `directory`: also the data directory, even without tables."""
    if directory or (tables and settings.database_url is None):
        prepare(settings.data_dir)
    file = sqlite_file(settings.effective_database_url) if tables else None
    if file is not None and settings.database_url is not None:
        close_files(file.with_name(file.name + end) for end in ("", "-wal", "-shm", "-journal"))
