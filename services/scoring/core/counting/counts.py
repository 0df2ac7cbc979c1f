"""Counts: how often each count key was met, for which value of `by`, on which day.

Counts are entries of a packed array, sorted and without zeros, so equal counts are equal bytes. They form an
abelian group: an interaction adds, a retraction subtracts, a merge sums, and empty counts are neutral. So
they depend on the set of interactions alone, not on order, batches or redelivery (DESIGN.md ideas 3 and 8).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from hashlib import blake2b
from itertools import pairwise
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.entries import (
    ENTRY,
    Entries,
    Owned,
    entries_in,
    entries_of,
    joined,
    merged,
    summed,
)
from services.scoring.core.revised import Revised

ACTIVITY: Final = "activity"
"""The count key of any human interaction."""

ADJUSTMENTS: Final = "adjustments"
"""The count key of points given by hand, which are stored with their text."""

NO_VALUE: Final = ""
"""The value of `by` of an entry without one."""

# Up to this many entries of an owner, sorting them all is faster than merging a few into them.
_SHORT: Final = 2_000

ByHand: TypeAlias = Mapping[tuple[int, str], int]
"""(day, adjustment as JSON) -> how often it was made on that day"""


class Counts(NamedTuple):
    """The counts of an identity or of a profile; adjustments are stored as text."""

    packed: bytes = b""
    by_hand: ByHand = MappingProxyType({})

    @property
    def entries(self) -> Entries:
        """The entries, read-only."""
        return entries_in(self.packed)


NONE: Final = Counts()


@lru_cache(maxsize=65_536)
def number_of(text: str) -> int:
    """Return the 64-bit number that represents a count key or a value of `by`; 0 represents no value."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") if text else 0


class StoredCounts(NamedTuple):
    """The counts of an identity as they are stored: in two parts, whose sum they are.

    Changes go into `recent`, which is small, so that each write is small. When `recent` grows too large its
    entries move to `older`, which never has adjustments.
    """

    recent: Counts = NONE
    older: Counts = NONE

    @property
    def parts(self) -> Sequence[Counts]:
        """The parts whose sum is the counts."""
        return (self.older, self.recent) if self.older.packed else (self.recent,)

    @property
    def counts(self) -> Counts:
        """The counts."""
        return total(self.parts)


NOT_STORED: Final = Revised(StoredCounts(), 0)
"""the counts of an identity that has no row"""


class Changes:
    """What is added to the counts of several owners; the order of the additions makes no difference."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._by_hand: list[tuple[int, tuple[int, str], int]] = []

    def add(self, owner: int, key: str, by: str, day: int, times: int) -> None:
        """Add to one count of the owner with this index; `times` may be negative."""
        self._rows.append((owner, number_of(key), number_of(by), day, times))

    def add_by_hand(self, owner: int, adjustment: str, day: int, times: int) -> None:
        """Add an adjustment, as JSON, to an owner's counts."""
        self._by_hand.append((owner, (day, adjustment), times))

    def to(self, counts: Sequence[Counts]) -> list[Counts]:
        """Return the counts of all owners with the changes added."""
        before = [counted.packed for counted in counts]
        rows = joined([b"" if _is_long(old) else old for old in before])
        if self._rows:
            owners, *columns = zip(*self._rows, strict=True)
            changed = entries_of(*map(np.array, columns, _COLUMNS))
            rows = Owned(
                np.concatenate([rows.owners, np.array(owners, np.intp)]),
                np.concatenate([rows.entries, changed]),
            )
        sums = _sums(len(before), rows)
        packed = (
            merged(old, more) if _is_long(old) else more for old, more in zip(before, sums, strict=True)
        )
        return _counts(packed, [*_given(zip(counts)), *self._by_hand])


_COLUMNS: Final = (np.uint64, np.uint64, np.int32, np.int32)

_Given: TypeAlias = tuple[int, tuple[int, str], int]
"""the index of an owner, the adjustment, and how often it was made"""


def _is_long(packed: bytes) -> bool:
    """Return whether merging a few entries into these takes less time than sorting all of them."""
    return len(packed) > _SHORT * ENTRY.itemsize


def _sums(number: int, rows: Owned) -> list[bytes]:
    """Return the packed entries of each of `number` owners, with equal entries summed into one."""
    owners, entries = summed(rows.owners, rows.entries)
    packed, ends = entries.tobytes(), np.searchsorted(owners, np.arange(number + 1)) * ENTRY.itemsize
    return [packed[start:end] for start, end in pairwise(ends.tolist())]


def _given(several: Iterable[Iterable[Counts]]) -> Iterator[_Given]:
    for owner, parts in enumerate(several):
        for of in parts:
            for adjustment, times in of.by_hand.items():
                yield owner, adjustment, times


def _counts(packed: Iterable[bytes], by_hand: Iterable[_Given]) -> list[Counts]:
    """Return the counts of each owner, with its adjustments."""
    given: dict[int, dict[tuple[int, str], int]] = {}
    for owner, adjustment, times in by_hand:
        of = given.setdefault(owner, {})
        of[adjustment] = of.get(adjustment, 0) + times
    return [
        Counts(entries, _without_zeros(given[owner]) if owner in given else {})
        for owner, entries in enumerate(packed)
    ]


def _without_zeros(given: ByHand) -> ByHand:
    return {adjustment: times for adjustment, times in sorted(given.items()) if times}


def total(parts: Sequence[Counts]) -> Counts:
    """Return the sum of counts, such as those of a profile's identities."""
    return totals([parts])[0]


def totals(several: Sequence[Sequence[Counts]]) -> list[Counts]:
    """Return the sum of the counts in each sequence."""
    # Most profiles have the counts of a single identity.
    sums = [parts[0] if parts else NONE for parts in several]
    indexes = [index for index, parts in enumerate(several) if len(parts) > 1]
    if indexes:
        packed = _totals([[part.packed for part in several[index]] for index in indexes])
        found = _counts(packed, _given(several[index] for index in indexes))
        for index, counts in zip(indexes, found, strict=True):
            sums[index] = counts
    return sums


def _totals(several: Sequence[Sequence[bytes]]) -> list[bytes]:
    is_long = [any(map(_is_long, parts)) for parts in several]
    short = [() if long else parts for parts, long in zip(several, is_long, strict=True)]
    owner_of_part = np.repeat(np.arange(len(short)), [len(parts) for parts in short])
    part_of_row, entries = joined([part for parts in short for part in parts])
    sums = _sums(len(short), Owned(owner_of_part[part_of_row], entries))
    return [
        reduce(merged, sorted(parts, key=len, reverse=True)) if long else short_sum
        for parts, long, short_sum in zip(several, is_long, sums, strict=True)
    ]


def difference(counts: Counts, less: Counts) -> Counts:
    """Return the counts that added to `less` give `counts`; `less` must have no adjustments."""
    if not less.packed:
        return counts
    taken = less.entries.copy()
    taken["times"] *= -1
    return total([counts, Counts(taken.tobytes())])


def only(counts: Counts, keys: Iterable[str]) -> Counts:
    """Return the counts under some keys, with the adjustments."""
    return _kept(counts, _are_under(counts, keys))


def without(counts: Counts, keys: Iterable[str]) -> Counts:
    """Return the counts under all other keys, with the adjustments."""
    return _kept(counts, ~_are_under(counts, keys))


def _are_under(counts: Counts, keys: Iterable[str]) -> NDArray[np.bool_]:
    return np.isin(counts.entries["key"], np.array([number_of(key) for key in keys], np.uint64))


def _kept(counts: Counts, which: NDArray[np.bool_]) -> Counts:
    return Counts(counts.entries[which].tobytes(), counts.by_hand)


def summary(counts: Counts) -> tuple[int, int]:
    """Return how often anything was counted, and on how many days."""
    entries = counts.entries
    days = {*entries["day"].tolist(), *(day for day, _ in counts.by_hand)}
    return int(entries["times"].sum()) + sum(counts.by_hand.values()), len(days)
