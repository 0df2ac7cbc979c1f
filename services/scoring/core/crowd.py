"""A crowd: the counts of several profiles as columns, in which the rows of each key stand together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.columns import Indices, Ints, rows_in, starts_of
from services.scoring.core.counts import Counts, number_of
from services.scoring.core.entries import joined


class Rows(NamedTuple):
    """Rows of one count key, sorted by profile, value of `by` and day; each such three is there once.

    `profile` is a place in the crowd, `day` a UTC ordinal.
    """

    profile: Indices
    by: NDArray[np.uint64]
    day: Ints
    times: Ints


class Crowd:
    """Profiles by their places, with what was counted of them under some keys, in columns as `Rows` has."""

    def __init__(self, counts: Sequence[Counts], keys: Collection[str]) -> None:
        owners, entries = joined([one.packed for one in counts])
        self.size = len(counts)
        by_number = {number_of(key): key for key in keys}
        numbers = np.array(sorted(by_number) or [0], np.uint64)
        # Entries stand by profile, then by key, so a key is looked up once for each of its runs.
        starts = starts_of(owners, entries["key"])
        sizes = np.diff(starts, append=len(entries))
        found = entries["key"][starts]
        places = np.searchsorted(numbers, found)
        places[places == len(numbers)] = 0
        asked = np.flatnonzero(numbers[places] == found)
        # Indices are few, so a stable sort of them goes through once.
        places = places[asked].astype(np.uint16)
        order = np.argsort(places, kind="stable")
        runs = asked[order]
        rows = rows_in(starts[runs], sizes[runs])
        self.profile: Indices = owners[rows]
        self.by: NDArray[np.uint64] = entries["by"][rows]
        self.day: Ints = entries["day"][rows].astype(np.int64)
        self.times: Ints = entries["times"][rows].astype(np.int64)
        until = np.cumsum(np.append(0, sizes[runs]))
        ends = until[np.searchsorted(places[order], np.arange(len(numbers) + 1))].tolist()
        spans = zip(sorted(by_number), ends, ends[1:], strict=False)
        self._spans: Mapping[str, tuple[int, int]] = {
            by_number[number]: (start, end) for number, start, end in spans if start < end
        }

    @property
    def keys(self) -> Collection[str]:
        """The keys under which anything was counted."""
        return self._spans.keys()

    def rows(self, key: str) -> Rows | None:
        """Return what was counted under a key, None where that is nothing."""
        span = self._spans.get(key)
        if span is None:
            return None
        some = slice(*span)
        return Rows(self.profile[some], self.by[some], self.day[some], self.times[some])

    def rows_of(self, keys: Iterable[str]) -> tuple[Indices, Indices]:
        """Return the rows of some keys, one key after the other: the place of the key, and of the row."""
        spans = np.array([self._spans.get(key, (0, 0)) for key in keys], np.intp).reshape(-1, 2)
        sizes = spans[:, 1] - spans[:, 0]
        before = np.cumsum(sizes) - sizes
        rows = np.arange(sizes.sum()) + np.repeat(spans[:, 0] - before, sizes)
        return np.repeat(np.arange(len(sizes)), sizes), rows
