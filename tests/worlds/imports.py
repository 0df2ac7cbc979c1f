"""An access log to import, and a running service to import it into."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from services.ingest.imports.closing import ImportResult
from services.ingest.imports.post import ImportJob, import_access_log
from tests.support.clock import FrozenClock
from tests.support.keys import WRITE_KEY
from tests.worlds.ingest import IngestWorld, run_ingest, serve

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(
    path: str, *, second: int = 0, status: int = 200, user_agent: str = FIREFOX, address: str = "10.1.2.3"
) -> str:
    at = f"17/May/2015:10:{second // 60:02}:{second % 60:02} +0000"
    return f'{address} - - [{at}] "GET {path} HTTP/1.1" {status} 123 "-" "{user_agent}"\n'


NOW = datetime(2026, 11, 20, tzinfo=UTC)
SMALL = "".join(
    [
        line("/pricing"),
        line("/pricing"),
        line("/style.css"),
        line("/guide.pdf", second=1),
        line("/gone", status=404),
        line("/", user_agent=GOOGLEBOT, address="10.9.9.9"),
        line("/", user_agent="-"),
        "nonsense\n",
        line("/1970").replace("2015", "1970"),
    ]
)


class ImportWorld:
    """A service to import into, and the file, state and console of the import."""

    def __init__(self, world: IngestWorld, url: str, directory: Path) -> None:
        self.world = world
        self.url = url
        self.file = directory / "access.log"
        self.state = directory / "state"
        self.out = io.StringIO()
        self.slept: list[float] = []

    async def run(
        self, path: Path | None = None, *, key: str = WRITE_KEY, force: bool = False, host_names: bool = False
    ) -> ImportResult:
        return await import_access_log(
            ImportJob(path or self.file, self.state, "salt", force=force, host_names=host_names),
            url=self.url,
            key=key,
            clock=FrozenClock(NOW),
            console=Console(file=self.out, width=200),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def event_ids(self) -> list[str]:
        return [event.id for event in await self.world.interactions()]

    def printed(self) -> str:
        """Return what was printed since the last call; a run of blanks becomes one blank."""
        text = " ".join(self.out.getvalue().split())
        self.out.seek(0)
        self.out.truncate()
        return text


@asynccontextmanager
async def run_import(directory: Path) -> AsyncIterator[ImportWorld]:
    """Run the service for as long as the context is open."""
    async with run_ingest(directory) as world, serve(world.app) as url:
        yield ImportWorld(world, url, directory)
