"""Columns: the counts of several profiles as arrays, with the rows of each key together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Indices, Ints, rows_in, starts_of
from services.scoring.core.counting.counts import Counts, number_of
from services.scoring.core.counting.entries import joined


class Rows(NamedTuple):
    """Rows of one count key, sorted by profile, value of `by` and day; each combination occurs once.

    `profile` is an index into the profiles, `day` a UTC ordinal.
    """

    profile: Indices
    by: NDArray[np.uint64]
    day: Ints
    times: Ints


class Columns:
    """Profiles by index, with their counts under some keys, in the columns of `Rows`.

    The rows are in the order in which the keys are given.
    """

    def __init__(self, counts: Sequence[Counts], keys: Collection[str]) -> None:
        owners, entries = joined([counted.packed for counted in counts])
        self.size = len(counts)
        key_index = _KeyIndex(keys)
        # Entries are sorted by profile and key, so a key is looked up once for each run of its rows.
        starts = starts_of(entries["key"])
        runs, indexes = key_index.among(entries["key"][starts])
        sizes = np.diff(starts, append=len(entries))[runs]
        rows = rows_in(starts[runs], sizes)
        self.profile: Indices = owners[rows]
        self.by: NDArray[np.uint64] = entries["by"][rows]
        self.day: Ints = entries["day"][rows].astype(np.int64)
        self.times: Ints = entries["times"][rows].astype(np.int64)
        until = np.append(0, np.cumsum(sizes))
        ends = until[np.searchsorted(indexes, np.arange(len(keys) + 1))].tolist()
        spans = zip(keys, ends, ends[1:], strict=False)
        self._spans: Mapping[str, tuple[int, int]] = {
            key: (start, end) for key, start, end in spans if start < end
        }

    @cached_property
    def last_day(self) -> int:
        """The last day of any count, 0 without counts."""
        return int(self.day.max(initial=0))

    @cached_property
    def repeats(self) -> NDArray[np.bool_]:
        """For each row, whether it has the profile and the value of the row before it."""
        repeats = np.empty(len(self.day), np.bool_)
        repeats[:1] = False
        np.equal(self.by[1:], self.by[:-1], out=repeats[1:])
        repeats[1:] &= self.profile[1:] == self.profile[:-1]
        return repeats

    @property
    def keys(self) -> Collection[str]:
        """The keys that have any counts."""
        return self._spans.keys()

    def rows(self, key: str) -> Rows | None:
        """Return the rows of a key, None if it has none."""
        span = self._spans.get(key)
        if span is None:
            return None
        some = slice(*span)
        return Rows(self.profile[some], self.by[some], self.day[some], self.times[some])

    def rows_of(self, keys: Iterable[str]) -> tuple[Indices, Indices | slice]:
        """Return the rows of some keys, one key after the other: the index of the key, and of the row."""
        spans = np.array([self._spans.get(key, (0, 0)) for key in keys], np.intp).reshape(-1, 2)
        sizes = spans[:, 1] - spans[:, 0]
        some = np.flatnonzero(sizes)
        return np.repeat(some, sizes[some]), rows_in(spans[some, 0], sizes[some])


class _KeyIndex:
    """Count keys by their numbers."""

    def __init__(self, keys: Collection[str]) -> None:
        numbers = np.array([number_of(key) for key in keys] or [0], np.uint64)
        self._indexes = np.argsort(numbers)
        self._numbers = numbers[self._indexes]

    def among(self, numbers: NDArray[np.uint64]) -> tuple[Indices, NDArray[np.uint16]]:
        """Return which numbers are asked for, and the indices of their keys, both in key order."""
        nearest = np.searchsorted(self._numbers, numbers)
        nearest[nearest == len(self._numbers)] = 0
        found = np.flatnonzero(self._numbers[nearest] == numbers)
        # Small integers are sorted fast by a stable sort.
        indexes = self._indexes[nearest[found]].astype(np.uint16)
        order = np.argsort(indexes, kind="stable")
        return found[order], indexes[order]
