"""Processor time and memory: what a measurement costs, however busy the machine is."""

import os
from pathlib import Path
from typing import Self


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; unlike the clock's, others cannot take from it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mebibytes(pid: int) -> float:
    """Return the most memory that a process ever had resident; 0 where there is no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


class Meter:
    """Adds up the processor time that a process spends on what is counted, over several blocks."""

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
        """Count what was done in the block."""
        self._count += done

    @property
    def microseconds(self) -> float:
        """Processor time for one of them."""
        return self._seconds / max(1, self._count) * 1e6
