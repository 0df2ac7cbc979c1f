"""Imports an access log: reads it, posts it in batches, and can go on after whatever stopped it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from rich.console import Console

from services.ingest.imports.access_log import Ignored, Seen, read_line
from services.ingest.imports.client import Poster, Sleep
from services.ingest.imports.display import Display
from services.ingest.imports.lines import Line, LogFile, Occurrences, open_log
from services.ingest.imports.progress import ProgressFile
from services.ingest.imports.report import ImportReport
from services.ingest.imports.visitor import Anonymiser
from services.ingest.judge import judge
from shared.errors import Refused

BATCH_EVENTS: Final = 500
# Well below what one body may have, since a line's event can add up to 32 KB at once.
BATCH_BYTES: Final = 256 * 1024
TIMEOUT_SECONDS: Final = 30.0

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Batch:
    events: list[bytes] = field(default_factory=list[bytes])
    sources: list[tuple[Line, Seen]] = field(default_factory=list[tuple[Line, Seen]])
    size: int = 0

    @property
    def full(self) -> bool:
        return len(self.events) >= BATCH_EVENTS or self.size >= BATCH_BYTES


async def import_access_log(
    path: Path,
    *,
    url: str,
    key: str,
    state_dir: Path,
    salt: str,
    console: Console,
    sleep: Sleep = asyncio.sleep,
) -> ImportReport:
    """Post what the lines of a combined log (plain or .gz) say to the Flipline at `url`.

    The progress is kept in `state_dir` after each accepted batch: the same call goes on where the last one
    ended. Raises Refused for a file that cannot be read, and whatever stops the posting, with how to go on.
    """
    try:
        with open_log(path) as log, Display(console, path.name, log.size) as display:
            kept = ProgressFile(state_dir, url, log.first_line())
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
                poster = Poster(client, url=url, key=key, sleep=sleep)
                report = await _Import(log, poster, Anonymiser(salt), kept, display).run()
    except (OSError, EOFError) as error:
        raise Refused("file_unreadable", f"{path} cannot be read: {error}.") from error
    console.print(report.table())
    return report


class _Import:
    def __init__(
        self, log: LogFile, poster: Poster, anonymiser: Anonymiser, kept: ProgressFile, display: Display
    ) -> None:
        self._log = log
        self._poster = poster
        self._anonymiser = anonymiser
        self._kept = kept
        self._display = display
        self._progress = kept.load()

    async def run(self) -> ImportReport:
        occurrences = Occurrences()
        batch = _Batch()
        end = 0
        for line in self._log.lines():
            digest = self._anonymiser.line(line.data)
            occurrence = occurrences.next(digest)
            # Lines that are done are read again all the same: their occurrences number those to come.
            if line.end <= self._progress.offset:
                continue
            end = line.end
            self._read(line, f"log_{digest.hex()}_{occurrence}", batch)
            if batch.full:
                await self._post(batch, end)
                batch = _Batch()
        if end:
            await self._post(batch, end)
        return self._progress.report

    def _read(self, line: Line, event_id: str, batch: _Batch) -> None:
        report = self._progress.report
        report.lines += 1
        try:
            verdict = read_line(line.data.decode(errors="replace"))
        except ValueError as error:
            report.count_refused(str(error), line.number)
            return
        if isinstance(verdict, Ignored):
            report.count_ignored(verdict.value)
            return
        event = _encode(self._event(verdict, event_id))
        batch.events.append(event)
        batch.sources.append((line, verdict))
        batch.size += len(event)

    def _event(self, seen: Seen, event_id: str) -> dict[str, Any]:
        properties = {"path": seen.path, "user_agent": seen.user_agent}
        if seen.search:
            properties["search"] = seen.search
        if seen.referrer:
            properties["referrer"] = seen.referrer
        if seen.type == "download":
            properties["asset"] = seen.path
        return {
            "id": event_id,
            "type": seen.type,
            "identities": {"anonymous_id": self._anonymiser.visitor(seen.address, seen.user_agent)},
            "occurred_at": seen.occurred_at,
            "source": "access_log",
            "properties": properties,
        }

    async def _post(self, batch: _Batch, end: int) -> None:
        report = self._progress.report
        verdicts = await self._poster.post(batch.events) if batch.events else []
        for (line, seen), verdict in zip(batch.sources, verdicts, strict=True):
            if verdict.status == "accepted":
                report.count_seen(seen.type, machine=judge(seen.type, seen.user_agent) is not None)
            else:
                report.count_refused(verdict.code or verdict.status, line.number)
        self._progress.offset = end
        self._kept.save(self._progress)
        self._display.show(self._log.position, report.lines)
