"""What all rows of one run share: the cores, the directory, how long to measure, whom to tell."""

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
        """Return how many there are of what a run at full scale has so many of."""
        return max(1, round(full * self.scale))

    def tell(self, step: str) -> None:
        """Say what happens now."""
        self.console.print(f"[dim]{step}[/]")

    def told_count(self, count: int) -> None:
        """Say how far the making of the events has come."""
        self.tell(f"  {count:,} events on the topic")

    def subdirectory(self, name: str) -> Path:
        """Return a fresh directory, which every user may enter: PostgreSQL is another one."""
        made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory))
        made.chmod(0o755)
        return made


@contextmanager
def temporary_directory() -> Generator[Path]:
    """Give a directory that is gone afterwards, with all that the run has left in it."""
    with tempfile.TemporaryDirectory(prefix="flipline-bench-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory
