"""What an import has done so far: counted line by line, kept with the position, shown at the end."""

from typing import Final

import msgspec
from rich.table import Table

MAX_LINES_SHOWN: Final = 5


class ImportReport(msgspec.Struct):
    """Lines by what became of them; `machines` are those among the posted that no human did."""

    lines: int = 0
    visits: int = 0
    downloads: int = 0
    machines: int = 0
    ignored: dict[str, int] = {}
    refused: dict[str, int] = {}
    refused_lines: dict[str, list[int]] = {}

    def count_seen(self, type: str, *, machine: bool) -> None:
        """Count an accepted interaction."""
        if type == "download":
            self.downloads += 1
        else:
            self.visits += 1
        self.machines += machine

    def count_ignored(self, reason: str) -> None:
        """Count a line that is no interaction."""
        self.ignored[reason] = self.ignored.get(reason, 0) + 1

    def count_refused(self, reason: str, line_number: int) -> None:
        """Count a line that could not be taken in; the first few of each reason are named."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        shown = self.refused_lines.setdefault(reason, [])
        if len(shown) < MAX_LINES_SHOWN:
            shown.append(line_number)

    def table(self) -> Table:
        """Return the closing table."""
        table = Table("what", "count", title="Import", title_justify="left")
        table.columns[1].justify = "right"
        table.add_row("lines read", f"{self.lines:,}", end_section=True)
        table.add_row("visits", f"{self.visits:,}")
        table.add_row("downloads", f"{self.downloads:,}")
        table.add_row("of these, marked as machine", f"{self.machines:,}", end_section=True)
        for reason, count in sorted(self.ignored.items()):
            table.add_row(f"ignored: {reason}", f"{count:,}")
        for reason, count in sorted(self.refused.items()):
            numbers = ", ".join(map(str, self.refused_lines.get(reason, [])))
            more = ", ..." if count > MAX_LINES_SHOWN else ""
            table.add_row(f"refused: {reason} (line {numbers}{more})", f"{count:,}")
        return table
