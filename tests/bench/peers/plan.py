"""Which events are taken in, and which of them are measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.arena import Arena
from tests.bench.ground import HISTORY, MEASURED
from tests.bench.peers.course import Reading, Stretch, between

MORE = 200_000


@dataclass(frozen=True)
class Plan:
    """Events that fill tables and stores, then measured ones, then more, of which the last half is measured."""

    filling: int
    measured: int
    more: int

    @classmethod
    def of(cls, arena: Arena) -> "Plan":
        """Return the plan at the scale of the run."""
        return cls(arena.sized(HISTORY), arena.sized(MEASURED), arena.sized(MORE))

    @property
    def end(self) -> int:
        """How many events there are."""
        return self.filling + self.measured + self.more

    @property
    def stretches(self) -> dict[str, tuple[int, int]]:
        """The stretches that are measured, by name: from after so many events until after so many."""
        measured = self.filling + self.measured
        half = self.end - self.more // 2
        return {
            f"{measured - self.filling:,} events after {self.filling:,}": (self.filling, measured),
            f"{self.end - half:,} events after {half:,}": (half, self.end),
        }

    @property
    def marks(self) -> Sequence[int]:
        """When to read what was spent; a stretch begins once a worker moves in it."""
        return [place for first, last in self.stretches.values() for place in (first + 1, last)]

    def measure(self, readings: Sequence[Reading]) -> dict[str, Stretch]:
        """Return the stretches of a worker, read at the marks."""
        pairs = zip(readings[::2], readings[1::2], strict=True)
        return {name: between(*pair) for name, pair in zip(self.stretches, pairs, strict=True)}
