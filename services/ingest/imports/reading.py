"""From the lines of a log to batches of events, each line accounted for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from services.ingest.imports.access_log.line import NAMES, read_request
from services.ingest.imports.access_log.meaning import Ignored, Seen, meaning_of
from services.ingest.imports.access_log.refusal import LineRefused
from services.ingest.imports.access_log.report import ImportReport
from services.ingest.imports.event import event_id, event_of
from services.ingest.imports.lines import AccessLogFile, Damaged, LogLine, Occurrences
from services.ingest.imports.visitor import Anonymiser
from shared.errors import Refused

BATCH_EVENTS: Final = 500
# Well below the limit of a body, since a line's event can add some 100 KB at once.
BATCH_BYTES: Final = 256 * 1024
# In some logs most lines are not events; these lines must not be read again either.
BATCH_LINES: Final = 20_000
# A file is not an access log when this many lines at its start cannot be read.
SAMPLE_LINES: Final = 1_000

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Batch:
    """Events as JSON, and for each the number of its line and its meaning; `lines` were read for them."""

    events: list[bytes] = field(default_factory=list[bytes])
    sources: list[tuple[int, Seen]] = field(default_factory=list[tuple[int, Seen]])
    size: int = 0
    lines: int = 0

    @property
    def full(self) -> bool:
        """Whether the batch is full."""
        return len(self.events) >= BATCH_EVENTS or self.size >= BATCH_BYTES or self.lines >= BATCH_LINES


class Reader:
    """Reads a log once; `report` counts what was read, and `damage` is why the reading ended too early."""

    def __init__(
        self,
        log: AccessLogFile,
        anonymiser: Anonymiser,
        *,
        name: str,
        skipped: int,
        latest: datetime,
        host_names: bool,
    ) -> None:
        self._name = name
        self._log = log
        self._anonymiser = anonymiser
        self._skipped = skipped
        self._latest = latest
        self._host_names = host_names
        self.report = ImportReport()
        self.damage: Damaged | None = None

    def batches(self) -> Iterator[Batch]:
        """Read what follows the first `skipped` bytes; raises Refused when none of it can be read."""
        occurrences = Occurrences()
        batch = Batch()
        try:
            for line in self._log.lines():
                digest = self._anonymiser.line(line.data)
                occurrence = occurrences.next(digest)
                # Lines that are done are read too: their occurrences number the lines to come.
                if line.start < self._skipped:
                    continue
                self._read(line, digest, occurrence, batch)
                if batch.full:
                    yield batch
                    batch = Batch()
                elif self.report.lines == SAMPLE_LINES:
                    self._check_readable()
        except Damaged as damage:
            self.damage = damage
        self._check_readable()
        if batch.lines:
            yield batch

    def _read(self, line: LogLine, digest: bytes, occurrence: int, batch: Batch) -> None:
        report = self.report
        try:
            request = read_request(line.data, host_names=self._host_names) if line.data else None
        except LineRefused as refusal:
            if not line.finished and (report.formats or self._skipped):
                # The line is still being written, and is read once it is whole.
                report.unfinished = 1
                self._log.leave_last()
                return
            batch.lines += 1
            report.lines += 1
            report.count_refused(refusal.reason.value, line.number)
            return
        batch.lines += 1
        report.count_read(request)
        try:
            seen = meaning_of(request, self._latest) if request else Ignored.EMPTY
        except LineRefused as refusal:
            report.count_refused(refusal.reason.value, line.number)
            return
        if isinstance(seen, Ignored):
            report.count_ignored(seen.value)
            return
        id_ = event_id(line.data, digest, occurrence, seen.address)
        event = _encode(event_of(seen, id_, self._anonymiser))
        batch.events.append(event)
        batch.sources.append((line.number, seen))
        batch.size += len(event)

    def _check_readable(self) -> None:
        report = self.report
        if report.formats or self._skipped or not report.refused:
            return
        number, reason = min((numbers[0], reason) for reason, numbers in report.refused_lines.items())
        raise Refused(
            "format_unknown",
            f"{self._name} cannot be read as an access log, in none of its first {report.lines:,} lines. "
            f"Refused is line {number}: {reason}. Formats that can be imported: {NAMES}.",
        )
