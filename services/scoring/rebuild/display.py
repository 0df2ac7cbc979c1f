"""Shows the progress of a rebuild: a bar on a terminal, otherwise a line every tenth."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Display:
    """The progress of a rebuild, as long as the context is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tenths = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[messages]:,} messages"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("copying the tables", total=None, messages=0)

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

    def reading(self, done: int, whole: int, messages: int) -> None:
        """Show how much of the log is read: offsets passed, and the number of messages."""
        self._bar.update(
            self._task, description="reading the log", completed=done, total=whole, messages=messages
        )
        tenths = 10 * done // whole if whole else 10
        if not self._console.is_terminal and tenths > self._tenths:
            self._tenths = tenths
            self._console.print(f"reading the log: {10 * tenths} %, {messages:,} messages", highlight=False)

    def comparing(self, table: str) -> None:
        """Show which table is being compared."""
        self._bar.update(self._task, description=f"comparing {table}")

    def writing(self, table: str) -> None:
        """Show which table is being written."""
        self._bar.update(self._task, description=f"writing {table}")
