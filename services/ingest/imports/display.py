"""Shows the progress of an import: a bar on a terminal, otherwise a plain line every tenth."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from services.ingest.imports.past import PastImport


class Display:
    """The progress of one file of `size` bytes, shown while the context is open."""

    def __init__(self, console: Console, name: str, size: int) -> None:
        self._console = console
        self._name = _printable(name)
        self._size = size
        self._tenths = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[lines]:,} lines"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(escape(_printable(name)), total=size, lines=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def show(self, position: int, lines: int) -> None:
        """Show that this many bytes and lines are done."""
        self._bar.update(self._task, completed=position, lines=lines)
        tenths = 10 * position // self._size if self._size else 10
        if not self._console.is_terminal and tenths > self._tenths:
            self._tenths = tenths
            self._say(f"{10 * tenths} %, {lines:,} lines")

    def show_past(self, before: PastImport | None, *, force: bool, older_form: bool) -> None:
        """Say what was imported before, and whether that is skipped or read again."""
        if before:
            when = f"imported before on {before.at:%Y-%m-%d} from {_printable(before.name)}"
            lines = f"{_counted(before.report.lines)}"
            if force:
                self._say(f"reading again {lines} {when}. The instance counts the same event once.")
            else:
                self._say(f"skipped: {lines} {when}. --force reads them again.")
        elif older_form:
            self._say(
                "an earlier version imported a file with the same first line, perhaps this file. All lines "
                "are read again. The instance counts the same event once."
            )

    def _say(self, text: str) -> None:
        self._console.print(f"{self._name}: {text}", highlight=False, markup=False, soft_wrap=True)


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines:,} lines"
