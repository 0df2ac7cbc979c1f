"""Shows how far an import is: a bar on a terminal, a plain line every tenth elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class Display:
    """The progress of one file of `size` bytes, as long as the context is open."""

    def __init__(self, console: Console, name: str, size: int) -> None:
        self._console = console
        self._name = name
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
        self._task = self._bar.add_task(name, total=size, lines=0)

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
        """Show that so many bytes and lines are done."""
        self._bar.update(self._task, completed=position, lines=lines)
        tenths = 10 * position // self._size if self._size else 10
        if not self._console.is_terminal and tenths > self._tenths:
            self._tenths = tenths
            self._console.print(f"{self._name}: {10 * tenths} %, {lines:,} lines", highlight=False)
