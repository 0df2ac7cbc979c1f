"""How an import ended, as a table."""

from collections.abc import Callable
from typing import Final, NamedTuple

from rich.table import Table

from services.ingest.imports.access_log.report import MAX_LINES_SHOWN, ImportReport
from services.ingest.imports.past import PastImport


class ImportResult(NamedTuple):
    """What this run did, and what earlier runs imported and this run skipped, if anything."""

    now: ImportReport
    skipped: PastImport | None = None

    @property
    def in_all(self) -> ImportReport:
        """The report of the whole file, earlier runs included."""
        return self.skipped.report.plus(self.now) if self.skipped else self.now

    def table(self) -> Table:
        """Return the closing table; the whole file has a column beside this run's."""
        reports, headings = [self.now], ["count"]
        if self.skipped:
            reports, headings = [self.now, self.in_all], ["now", "in all"]
        table = Table("what", *headings, title="Import", title_justify="left", caption_justify="left")
        table.caption = _WITHOUT_AGENT if any("common" in name for name in self.in_all.formats) else None
        for column in table.columns[1:]:
            column.justify = "right"
        for name in _names(reports, lambda report: report.formats):
            table.add_row(
                f"lines in format: {name}", *[f"{report.formats.get(name, 0):,}" for report in reports]
            )
        _add(table, "visitor named by a proxy", [report.forwarded for report in reports])
        table.add_section()
        if self.skipped:
            table.add_row("lines skipped, imported before", f"{self.skipped.report.lines:,}", "")
        table.add_row("lines read", *[f"{report.lines:,}" for report in reports], end_section=True)
        table.add_row("visits", *[f"{report.visits:,}" for report in reports])
        table.add_row("downloads", *[f"{report.downloads:,}" for report in reports])
        table.add_row(
            "of these, marked as machine", *[f"{report.machines:,}" for report in reports], end_section=True
        )
        for reason in _names(reports, lambda report: report.ignored):
            table.add_row(f"ignored: {reason}", *[f"{report.ignored.get(reason, 0):,}" for report in reports])
        for reason in _names(reports, lambda report: report.refused):
            table.add_row(
                f"refused: {reason} ({_lines(reports[-1], reason)})",
                *[f"{report.refused.get(reason, 0):,}" for report in reports],
            )
        _add(table, "left for later: the last line has no end", [report.unfinished for report in reports])
        return table


_WITHOUT_AGENT: Final = (
    "The common format has no user agent: machines are not recognised, and all visitors with the same "
    "address count as one visitor."
)


def _names(reports: list[ImportReport], of: Callable[[ImportReport], dict[str, int]]) -> list[str]:
    return sorted({name for report in reports for name in of(report)})


def _add(table: Table, label: str, counts: list[int]) -> None:
    if any(counts):
        table.add_row(label, *[f"{count:,}" for count in counts])


def _lines(report: ImportReport, reason: str) -> str:
    numbers = ", ".join(map(str, report.refused_lines.get(reason, [])))
    return f"line {numbers}{', ...' if report.refused[reason] > MAX_LINES_SHOWN else ''}"
