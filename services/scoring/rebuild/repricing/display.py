"""Shows the progress of a repricing, as a bar on a terminal or a line every tenth, and its result."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.scoring.rebuild.repricing.anew import Repriced


class Display:
    """The progress of a repricing, as long as the context is open."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tenths = 0
        self._bar = Progress(
            TextColumn("pricing (profiles)"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)

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

    def show(self, done: int, total: int) -> None:
        """Show how many profiles of all are done."""
        self._bar.update(self._task, completed=done, total=total)
        tenths = 10 * done // total
        if not self._console.is_terminal and tenths > self._tenths:
            self._tenths = tenths
            self._console.print(f"pricing (profiles): {done:,} of {total:,}", highlight=False)


def tell(console: Console, found: Repriced, *, interrupted: bool = False) -> None:
    """Print the result."""
    leads = ", ".join(f"{number:,} in {model}" for model, number in sorted(found.leads.items()))
    lines = [
        f"Profiles priced: {found.profiles:,}. Scores that changed: {found.changed:,}.",
        f"New leads: {leads or 'none'}.",
    ]
    if interrupted:
        lines.append("Interrupted: what was priced is kept. Run it again for the others.")
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
