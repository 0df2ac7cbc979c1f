"""Imports an access log: reads it, posts it in batches, and can go on where it stopped."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from services.ingest.imports.access_log.report import ImportReport
from services.ingest.imports.client import Poster, Sleep
from services.ingest.imports.closing import ImportResult
from services.ingest.imports.display import printable, show_past
from services.ingest.imports.lines import AccessLogFile, Damaged, open_log
from services.ingest.imports.past import PastImport, PastImports
from services.ingest.imports.reading import Batch, Reader
from services.ingest.imports.unpacking import DAMAGED
from services.ingest.imports.visitor import Anonymiser
from services.ingest.reading.judge import judge
from shared.errors import Refused
from shared.process.clock import Clock
from shared.process.progress_bar import Progress

TIMEOUT_SECONDS: Final = 30.0
# A log's clock may be off, or in another zone than it says; the instance replaces a later instant by the
# present.
MAX_AHEAD: Final = timedelta(hours=24)


@dataclass(frozen=True)
class ImportJob:
    """What to import, how, and where to store the progress.

    `force` reads again what was imported before; `host_names` takes names that the server looked up for
    visitors' addresses.
    """

    path: Path
    state_dir: Path
    salt: str
    force: bool = False
    host_names: bool = False


async def import_access_log(
    job: ImportJob, *, url: str, key: str, clock: Clock, console: Console, sleep: Sleep = asyncio.sleep
) -> ImportResult:
    """Post what the lines of a log (plain or gzip) say to the Flipline at `url`.

    The progress is stored after each accepted batch: the same call goes on where the last call ended, in
    any file with the same content. Raises Refused for a file that is not an access log, or that is damaged;
    the lines before the damage are posted. Raises whatever else stops the posting, with how to go on.
    """
    name = job.path.name
    with open_log(job.path) as log:
        past = PastImports(job.state_dir, url.rstrip("/"), log.first_line())
        before = past.of(log)
        skipped = None if job.force else before
        reader = Reader(
            log,
            Anonymiser(job.salt),
            name=name,
            skipped=skipped.size if skipped else 0,
            latest=clock.now() + MAX_AHEAD,
            host_names=job.host_names,
        )
        show_past(console, name, before, force=job.force, older_form=past.has_older_form())
        with Progress(console) as shown:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
                poster = Poster(client, url=url, key=key, sleep=sleep, clock=clock)
                progress = _Progress(name, log, past, before, skipped, clock)
                for batch in reader.batches():
                    await _post(batch, poster, reader.report)
                    progress.store(reader.report)
                    lines = f"{reader.report.lines:,} lines"
                    shown.show(printable(name), log.position, log.size, lines)
    outcome = ImportResult(reader.report, skipped)
    console.print(outcome.table())
    if reader.damage:
        raise _damaged(name, reader.damage)
    return outcome


class _Progress:
    """The progress of the import of one file, stored after each batch."""

    def __init__(
        self,
        name: str,
        log: AccessLogFile,
        past: PastImports,
        before: PastImport | None,
        skipped: PastImport | None,
        clock: Clock,
    ) -> None:
        self._name = name
        self._log = log
        self._past = past
        # A file of another name may have ended where this file goes on, and still exist.
        self._stored = before if before and before.name == name else None
        self._earlier = skipped.report if skipped else ImportReport()
        self._clock = clock

    def store(self, report: ImportReport) -> None:
        done = PastImport(self._name, self._clock.now(), *self._log.mark, report=self._earlier.plus(report))
        self._past.save(done, instead_of=self._stored)
        self._stored = done


async def _post(batch: Batch, poster: Poster, report: ImportReport) -> None:
    verdicts = await poster.post(batch.events) if batch.events else []
    for (number, seen), verdict in zip(batch.sources, verdicts, strict=True):
        if verdict.status == "accepted":
            report.count_seen(seen, machine=judge(seen.type, seen.user_agent) is not None)
        else:
            report.count_refused_by_instance(verdict.code or verdict.status, number)


def _damaged(name: str, damage: Damaged) -> Refused:
    done = f"The {damage.number:,} lines before that are imported" if damage.number else "No line is imported"
    rescue = (
        ". Without a whole copy, `gzip -dc` unpacks the rest, but lines of it may be wrong"
        if damage.why == DAMAGED
        else ""
    )
    return Refused(
        "file_damaged",
        f"{name} cannot be read to its end: {damage.why}. {done}. Get a whole copy and import that: nothing "
        f"counts twice{rescue}.",
    )
