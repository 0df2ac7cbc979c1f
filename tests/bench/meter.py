"""Processor time and memory: what a measurement costs, however busy the machine is."""

import os
from pathlib import Path
from typing import Self

from tests.support.faults.servers import family


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process; unlike time on the clock, it does not grow with other load."""
    own, _ = _cpu_seconds(pid)
    return own


def family_cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and all its descendants, including ended ones."""
    return sum(sum(_cpu_seconds(member)) for member in family(pid))


def _cpu_seconds(pid: int) -> tuple[float, float]:
    """Return a process's own processor time and that of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0, 0.0
    own, system, of_children, system_of_children = (int(field) for field in fields[11:15])
    ticks = os.sysconf("SC_CLK_TCK")
    return (own + system) / ticks, (of_children + system_of_children) / ticks


def peak_mebibytes(pid: int) -> float:
    """Return the peak of a process's resident memory; 0 where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


class Meter:
    """Adds up the processor time of a process over several blocks, for the average of what was counted."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seconds = 0.0
        self._count = 0

    def __enter__(self) -> Self:
        self._before = cpu_seconds(self._pid)
        return self

    def __exit__(self, *_: object) -> None:
        self._seconds += cpu_seconds(self._pid) - self._before

    def count(self, done: int) -> None:
        """Add to the count of what was done in the blocks."""
        self._count += done

    @property
    def microseconds(self) -> float:
        """Processor time for each that was counted."""
        return self._seconds / max(1, self._count) * 1e6
