"""What an import has done: counted line by line, and shown at the end."""

from typing import Final

import msgspec

from services.ingest.imports.access_log.meaning import Ignored, Seen
from services.ingest.imports.access_log.refusal import RefusalReason
from services.ingest.imports.access_log.request import Request

MAX_LINES_SHOWN: Final = 5
MAX_CODE_LENGTH: Final = 64

# The instance's codes of refusal that a line of a log can cause.
_IN_WORDS: Final = {
    "event_too_large": "larger than an event may be",
    "instant_invalid": RefusalReason.TIME_SHAPE.value,
    "nul_character": RefusalReason.NOT_TEXT.value,
}


class ImportReport(msgspec.Struct):
    """The number of lines for each result. `machines` counts posted interactions of programs.

    `formats` counts the readable lines by format. `forwarded` counts the lines in which a proxy named the
    visitor, and `unfinished` is 1 when the last line was left for a later run.
    """

    lines: int = 0
    visits: int = 0
    downloads: int = 0
    machines: int = 0
    ignored: dict[str, int] = {}
    refused: dict[str, int] = {}
    refused_lines: dict[str, list[int]] = {}
    formats: dict[str, int] = {}
    forwarded: int = 0
    unfinished: int = 0

    @property
    def mostly_refused(self) -> bool:
        """More than half of the lines that are not empty were refused."""
        return 2 * sum(self.refused.values()) > self.lines - self.ignored.get(Ignored.EMPTY.value, 0)

    def count_seen(self, seen: Seen, *, machine: bool) -> None:
        """Count an accepted interaction."""
        if seen.type == "download":
            self.downloads += 1
        else:
            self.visits += 1
        self.machines += machine

    def count_read(self, request: Request | None) -> None:
        """Count a line that could be read, or is empty."""
        self.lines += 1
        if request:
            self.formats[request.format] = self.formats.get(request.format, 0) + 1
            self.forwarded += request.forwarded

    def count_ignored(self, reason: str) -> None:
        """Count a line that is not an interaction."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def count_refused(self, reason: str, line_number: int) -> None:
        """Count a line that could not be taken in; the first few of each reason are named."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        shown = self.refused_lines.setdefault(reason, [])
        if len(shown) < MAX_LINES_SHOWN:
            shown.append(line_number)

    def count_refused_by_instance(self, code: str, line_number: int) -> None:
        """Count an event that the instance refuses, by the code of the refusal."""
        in_words = _IN_WORDS.get(code)
        slug = code if code.replace("_", "").isalnum() and len(code) <= MAX_CODE_LENGTH else "no reason"
        self.count_refused(in_words or f"the instance refuses it ({slug})", line_number)

    def plus(self, later: "ImportReport") -> "ImportReport":
        """Return the report of the whole file, where `later` counts what came after this report."""
        refused_lines = {
            reason: [*self.refused_lines.get(reason, []), *later.refused_lines.get(reason, [])][
                :MAX_LINES_SHOWN
            ]
            for reason in self.refused_lines | later.refused_lines
        }
        return ImportReport(
            lines=self.lines + later.lines,
            visits=self.visits + later.visits,
            downloads=self.downloads + later.downloads,
            machines=self.machines + later.machines,
            ignored=_sum(self.ignored, later.ignored),
            refused=_sum(self.refused, later.refused),
            refused_lines=refused_lines,
            formats=_sum(self.formats, later.formats),
            forwarded=self.forwarded + later.forwarded,
            unfinished=later.unfinished,
        )


def _sum(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {key: before.get(key, 0) + after.get(key, 0) for key in before | after}
