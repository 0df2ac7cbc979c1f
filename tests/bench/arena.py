"""What all rows of one run share: the cores, the directory, how long to measure, the console."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from tests.bench.cores import Cores

ROOT = Path(__file__).parents[2]


class Wrong(Exception):
    """An answer or a count that is wrong; slowness never is."""


@dataclass(frozen=True)
class Arena:
    """Where a run takes place."""

    directory: Path
    seconds: float
    """how long one side of one pair is measured"""
    pairs: int
    profiles: Path | None = None
    """where the profiles of our servers go, when they are wanted"""
    scale: float = 1.0
    """how much of the sizes of rows 3 and 5 to 10 there is; below 1 the figures are for development alone"""
    cores: Cores = field(default_factory=Cores.of_this_machine)
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    def sized(self, full: int) -> int:
        """Return the size at the scale of the run of something that has the size `full` at full scale."""
        return max(1, round(full * self.scale))

    def print_step(self, step: str) -> None:
        """Print the next step."""
        self.console.print(f"[dim]{step}[/]")

    def print_count(self, count: int) -> None:
        """Print how many events are made."""
        self.print_step(f"  {count:,} events on the topic")

    def subdirectory(self, name: str) -> Path:
        """Return a fresh directory; every user may enter it, since PostgreSQL runs as another user."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory))
        made.chmod(0o755)
        return made


@contextmanager
def temporary_directory() -> Generator[Path]:
    """Give a directory that is removed afterwards, with all files that the run has left in it."""
    with tempfile.TemporaryDirectory(prefix="flipline-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory
