"""The progress of long work: a bar for each phase on a terminal, otherwise a line every tenth."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


class Progress:
    """The progress of work in phases, shown while the context is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._phase: str | None = None
        self._task: TaskID | None = None
        self._to_fill: int | None = None
        self._tenths = 0
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._fill()
        self._bars.stop()

    def step(self, name: str) -> None:
        """Show a step of the present phase whose progress is unknown."""
        if self._task is None:
            self._task = self._bars.add_task(escape(name), total=None, text="")
        else:
            self._bars.update(self._task, description=escape(name))

    def show(self, phase: str, done: int, total: int, counted: str | None = None) -> None:
        """Show how much of all is done in a phase.

        In words that is "3 of 10", or with `counted` the percentage and what was counted: "30 %, 7 lines".
        """
        # What came after the beginning of the phase counts as done, but not in the total.
        done = min(done, total)
        hundredths = 100 * done // total if total else 100
        text = f"{hundredths} %, {counted}" if counted else f"{done:,} of {total:,}"
        if phase != self._phase:
            self._begin(phase)
        self._to_fill = None if counted else total
        if self._task is not None:
            self._bars.update(self._task, description=escape(phase), completed=done, total=total, text=text)
        if not self._console.is_terminal and hundredths // 10 > self._tenths:
            self._tenths = hundredths // 10
            self._console.print(f"{phase}: {text}", highlight=False, markup=False, soft_wrap=True)

    def _begin(self, phase: str) -> None:
        self._fill()
        # A step before the first phase leaves its bar to it.
        if self._phase is not None or self._task is None:
            self._task = self._bars.add_task("", total=None, text="")
        self._phase, self._tenths = phase, 0

    def _fill(self) -> None:
        """Fill the bar of the phase that is over: its last state may not have been shown."""
        if self._task is not None and self._to_fill is not None:
            text = f"{self._to_fill:,} of {self._to_fill:,}"
            self._bars.update(self._task, completed=self._to_fill, text=text)
            self._to_fill = None
