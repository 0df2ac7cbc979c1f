"""What the scenes need: a directory, servers, and small disks."""

import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol, Self
from uuid import uuid4

import asyncpg
import sqlalchemy as sa

from tests.support.faults.disk import small_disk
from tests.support.faults.servers import Kind, OwnServer, own_server
from tests.support.postgres import plain

DISK_KIBIBYTES = 64 * 1024


class Ground(Protocol):
    """Where faults may happen. Each method raises Missing, or skips, if this machine cannot provide it."""

    directory: Path

    def address(self, kind: Kind) -> str:
        """Return the address of a server, as the settings of Flipline take it, that must not be disturbed."""
        ...

    def own(self, kind: Kind) -> OwnServer:
        """Return a running server that may be stopped, killed and frozen."""
        ...

    def disk(self) -> Path:
        """Return a new small disk."""
        ...


class OwnGround:
    """A ground without pytest: each server is started once, and the faults use it in turn."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        self._servers: dict[Kind, OwnServer] = {}

    @classmethod
    @contextmanager
    def laid(cls) -> Generator[Self]:
        """Give a ground, and remove it afterwards."""
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="flipline-torture-"))
            yield cls(Path(directory), stack)

    def own(self, kind: Kind) -> OwnServer:
        """Return the server of a kind; the first call for a kind starts it."""
        if kind not in self._servers:
            self._servers[kind] = self._stack.enter_context(own_server(kind))
        return self._servers[kind]

    def address(self, kind: Kind) -> str:
        """Return the address of the server of a kind."""
        return self.own(kind).address

    def disk(self) -> Path:
        """Return a new small disk."""
        at = self.directory / f"disk-{uuid4().hex[:8]}"
        return self._stack.enter_context(small_disk(at, kibibytes=DISK_KIBIBYTES))


async def new_database(cluster: str) -> str:
    """Make an empty database in a cluster of PostgreSQL and return its URL."""
    name = f"torture_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(plain(cluster, database="postgres"))
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    return sa.make_url(cluster).set(database=name).render_as_string(hide_password=False)
