"""Which core runs what, so that a server and the program that measures it do not compete for time."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Cores:
    """The server under test has one core for itself, its load another; the rest is for databases."""

    server: frozenset[int]
    load: frozenset[int]
    rest: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Self:
        """Share out the cores of this process; with one core, or without pinning, all parts share all."""
        allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(allowed) < 2:
            everything = frozenset(allowed)
            return cls(everything, everything, everything)
        first, second, *others = allowed
        return cls(frozenset({first}), frozenset({second}), frozenset(others or [second]))

    @property
    def all(self) -> frozenset[int]:
        """All cores that the run may use."""
        return self.server | self.load | self.rest

    @property
    def described(self) -> str:
        """Which part runs on which cores, for the report."""
        parts = {"server": self.server, "load": self.load, "brokers and databases": self.rest}
        return "; ".join(f"{name} on {','.join(map(str, sorted(cores)))}" for name, cores in parts.items())


def pin(pid: int, cores: frozenset[int]) -> None:
    """Let a process and its later children run on these cores only, where the system supports that."""
    if cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, cores)
