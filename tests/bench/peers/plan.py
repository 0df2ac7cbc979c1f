"""Which events are taken in, and which of them are measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tests.bench.arena import Arena
from tests.bench.ground import HISTORY, MEASURED
from tests.bench.peers.course import Reading, Stretch, between

FIRST: Final = "first"
WARM: Final = "warm"
MORE = 200_000


@dataclass(frozen=True)
class Plan:
    """Events that fill tables and stores, measured events, and more events; their last half is measured."""

    filling: int
    measured: int
    more: int

    @classmethod
    def of(cls, arena: Arena) -> Self:
        """Return the plan at the scale of the run."""
        return cls(arena.sized(HISTORY), arena.sized(MEASURED), arena.sized(MORE))

    @property
    def end(self) -> int:
        """How many events there are."""
        return self.filling + self.measured + self.more

    @property
    def stretches(self) -> Mapping[str, tuple[int, int]]:
        """The measured stretches: after how many events each begins, and after how many it ends."""
        return {
            FIRST: (self.filling, self.filling + self.measured),
            WARM: (self.end - self.more // 2, self.end),
        }

    def heading(self, name: str) -> str:
        """Return the name of a stretch in the table."""
        begins, ends = self.stretches[name]
        return f"{name}: {ends - begins:,} events after {begins:,}"

    @property
    def marks(self) -> Sequence[int]:
        """When to read the processor time; a stretch begins with the first event that a worker takes in."""
        return [mark for begins, ends in self.stretches.values() for mark in (begins + 1, ends)]

    def measure(self, readings: Sequence[Reading]) -> Mapping[str, Stretch]:
        """Return the stretches of a worker, given its readings at the marks."""
        pairs = zip(readings[::2], readings[1::2], strict=True)
        return {name: between(*pair) for name, pair in zip(self.stretches, pairs, strict=True)}
