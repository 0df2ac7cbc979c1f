"""The cost of a stretch of events to a worker, the broker and the database, read while it runs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple

from tests.bench.arena import Wrong
from tests.bench.meter import cpu_seconds, family_cpu_seconds
from tests.bench.watching import Look

# Each look costs the database or the broker a request, and its time is counted as theirs.
LOOK_SECONDS = 0.05
LIMIT_SECONDS = 600.0


class Spent(NamedTuple):
    """Processor time in seconds, or in microseconds for one event."""

    worker: float
    broker: float
    database: float


class Reading(NamedTuple):
    """How many events a worker had taken in at a moment, and the processor time spent until then."""

    position: int
    at: float
    spent: Spent


@dataclass(frozen=True)
class Servers:
    """The process ids of the servers that all workers of a run share."""

    broker: int
    database: int

    def spent_beside(self, worker: int) -> Spent:
        """Return the processor time of the worker and the servers since they started."""
        return Spent(cpu_seconds(worker), family_cpu_seconds(self.broker), family_cpu_seconds(self.database))


@dataclass(frozen=True)
class Stretch:
    """A number of events, how long they took, and the processor time for each."""

    events: int
    seconds: float
    microseconds: Spent

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def total(self) -> float:
        """Processor time for one event of worker, broker and database together, in microseconds."""
        return sum(self.microseconds)


def between(first: Reading, last: Reading) -> Stretch:
    """Return the stretch between two readings; raises Wrong when it has no events."""
    events = last.position - first.position
    if events <= 0:
        raise Wrong("a stretch was over before it could be measured: measure more events")
    seconds = (now - then for now, then in zip(last.spent, first.spent, strict=True))
    return Stretch(events, last.at - first.at, Spent(*(value / events * 1e6 for value in seconds)))


def read_at(
    marks: Sequence[int],
    opened: AbstractAsyncContextManager[Look],
    spent: Callable[[], Spent],
    check: Callable[[], None],
) -> list[Reading]:
    """Return a reading for each mark, a number of events, made as soon as that many are taken in.

    Raises Wrong when the last mark is not reached in time; `check` raises it when the worker has ended.
    """
    return asyncio.run(_read_at(marks, opened, spent, check))


async def _read_at(
    marks: Sequence[int],
    opened: AbstractAsyncContextManager[Look],
    spent: Callable[[], Spent],
    check: Callable[[], None],
) -> list[Reading]:
    readings: list[Reading] = []
    position = 0
    try:
        async with opened as look, asyncio.timeout(LIMIT_SECONDS):
            for mark in marks:
                while (position := await look()) < mark:
                    check()
                    await asyncio.sleep(LOOK_SECONDS)
                readings.append(Reading(position, time.perf_counter(), spent()))
    except TimeoutError as error:
        raise Wrong(
            f"after {LIMIT_SECONDS:.0f} s the worker is at {position:,} of {marks[-1]:,} events"
        ) from error
    return readings
