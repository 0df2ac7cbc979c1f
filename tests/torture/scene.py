"""A scene: a real Flipline, a sender that posts the deeds of a crowd, and a receiver of webhooks."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.broker import Broker
from tests.e2e.crowd import MATRIX, MODEL, Deed
from tests.e2e.flipline import KEYS, Flipline
from tests.e2e.processes import Process, run
from tests.support.faults.copies import copy_files
from tests.support.faults.servers import OwnServer
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.support.receiver import Receiver
from tests.torture.books import Books
from tests.torture.sender import Sender


@dataclass
class Scene:
    """What a fault can reach; `red_answers` collects the answers of /readyz that had to say "not ready"."""

    flipline: Flipline
    sender: Sender
    crm: Receiver
    books: Books
    directory: Path
    own: OwnServer | None = None
    disk: Path | None = None
    red_answers: list[str] = field(default_factory=list[str])

    @property
    def data_dir(self) -> Path:
        """Where the files and the log of an embedded Flipline are."""
        return Path(self.flipline.settings["FLIPLINE_DATA_DIR"])

    @property
    def state_file(self) -> Path:
        """The tables on SQLite."""
        _, _, path = self.flipline.settings["FLIPLINE_DATABASE_URL"].partition(":///")
        return Path(path)

    @property
    def database_url(self) -> str:
        """The tables, wherever they are."""
        return self.flipline.settings["FLIPLINE_DATABASE_URL"]

    @property
    def broker(self) -> Broker:
        """The topics on Kafka."""
        return Broker(self.flipline.settings)

    def process(self, service: str) -> Process:
        """Return the process that hosts a service."""
        return self.flipline.processes.get("up") or self.flipline.processes[service]

    async def unready(self, service: str, *words: str) -> None:
        """Wait until the process of a service says that it is not ready, and names all of the words."""

        async def says() -> str:
            status, text = await self.readiness(service)
            return text if status == 503 and all(word in text for word in words) else ""

        self.red_answers.append(await eventually(says))

    async def readiness(self, service: str) -> tuple[int, str]:
        """Return the status and the text of /readyz; the status is 0 without an answer."""
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
                answer = await client.get(f"{self.process(service).url}/readyz")
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text

    async def ready(self) -> None:
        """Wait until all processes are ready."""
        for process in self.flipline.processes.values():
            await process.ready()

    async def unscored(self) -> int:
        """Return how many accepted events are not in the ledger."""
        return len(self.sender.accepted - await self.books.ledger())

    async def all_scored(self) -> None:
        """Wait until every accepted event is in the ledger."""
        await eventually(self.unscored, lambda waiting: waiting == 0)

    async def settled(self) -> None:
        """Wait until no accepted event waits anywhere, nor what follows from it."""
        await self.all_scored()
        await eventually(self.books.unsent, lambda waiting: waiting == 0)
        await eventually(self.books.untold, lambda waiting: waiting == 0)
        await eventually(self.books.undelivered, lambda waiting: waiting == 0)

    async def backed_up(self, files: Path) -> Path:
        """Stop Flipline, and return a copy of its files."""
        await self.flipline.stop()
        # Our reader has to close the file first: to copy it drops all locks that this process has on it.
        await self.books.close()
        backup = self.directory / f"backup-{uuid4().hex[:8]}"
        copy_files(files, backup)
        return backup

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run a command of Flipline beside its processes; return its exit code and what it printed."""
        return await run(*arguments, settings=self.flipline.settings)


@asynccontextmanager
async def staged(
    settings: Mapping[str, str],
    commands: Sequence[str],
    deeds: Sequence[Deed],
    directory: Path,
    *,
    seed: int,
    own: OwnServer | None = None,
    disk: Path | None = None,
) -> AsyncGenerator[Scene]:
    """Start a Flipline with an active matrix and one subscriber, and the sender beside it."""
    async with Receiver() as crm, Flipline(settings, commands, directory) as flipline:
        await flipline.activate(MODEL, MATRIX)
        await subscribe(flipline, crm.url())
        async with Books.of(settings["FLIPLINE_DATABASE_URL"]) as books:
            sender = Sender(flipline.write.url, KEYS["write"], deeds, seed)
            async with sender.at_work():
                yield Scene(flipline, sender, crm, books, directory, own, disk)


async def subscribe(flipline: Flipline, url: str) -> dict[str, Any]:
    """Subscribe an endpoint to the model's leads."""
    return await flipline.crm.post("/v1/webhooks", {"url": url, "models": [MODEL]})
