"""Counts: how often something was counted, under which key, for which value of `by`, on which day.

Counts are entries of a packed array, sorted and without zeros, so equal counts are equal bytes. They form an
abelian group: an interaction adds, a retraction subtracts, a merge sums, and no counts are neutral. So they
depend on the set of interactions alone, not on order, batches or redelivery (DESIGN.md ideas 3 and 8).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.columns import Indices, starts_of

ENTRY: Final = np.dtype([("key", "<u8"), ("by", "<u8"), ("day", "<i4"), ("times", "<i4")])
"""key and value of `by` by their numbers (`number_of`), the UTC day as an ordinal, and how often"""

ACTIVITY: Final = "activity"
"""The count key of anything that a human did."""

ADJUSTMENTS: Final = "adjustments"
"""The count key of points given by hand, which are kept with their text."""

NO_VALUE: Final = ""
"""The value of `by` where there is none."""

Entries: TypeAlias = NDArray[np.void]
ByHand: TypeAlias = Mapping[tuple[int, str], int]
"""(day, adjustment as JSON) -> how often it was made on that day"""


class Counts(NamedTuple):
    """The counts of an identity or of a profile; points given by hand stand with their text."""

    packed: bytes = b""
    by_hand: ByHand = MappingProxyType({})

    @property
    def entries(self) -> Entries:
        """The entries, to be read."""
        return np.frombuffer(self.packed, ENTRY)


NONE: Final = Counts()


@lru_cache(maxsize=65_536)
def number_of(text: str) -> int:
    """Return the 64-bit number that stands for a count key or a value of `by`; 0 stands for no value."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") if text else 0


class Held(NamedTuple):
    """The counts of an identity as a transaction read them, with the revision of their row."""

    counts: Counts
    revision: int


class Changes:
    """What is added to the counts of several owners; the order in which it is told makes no difference."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, int, int]] = []
        self._by_hand: list[tuple[int, tuple[int, str], int]] = []

    def add(self, owner: int, key: str, by: str, day: int, times: int) -> None:
        """Add to one count of the owner at a place among all; `times` may be negative."""
        self._rows.append((owner, number_of(key), number_of(by), day, times))

    def add_by_hand(self, owner: int, adjustment: str, day: int, times: int) -> None:
        """Add an adjustment, as JSON, to an owner's."""
        self._by_hand.append((owner, (day, adjustment), times))

    def to(self, counts: Sequence[Counts]) -> list[Counts]:
        """Return the counts of all owners with the changes."""
        held = joined(counts)
        owners, entries, by_hand = held.owners, held.entries, [*_each_by_hand(counts), *self._by_hand]
        if self._rows:
            new_owners, *changed = zip(*self._rows, strict=True)
            columns = (np.array(column, type_) for column, type_ in zip(changed, _COLUMNS, strict=True))
            owners = np.concatenate([owners, np.array(new_owners, np.intp)])
            entries = np.concatenate([entries, _entries(*columns)])
        return _counts(len(counts), owners, entries, by_hand)


_COLUMNS: Final = (np.uint64, np.uint64, np.int32, np.int32)


class Joined(NamedTuple):
    """The entries of several owners one after the other, and the place of each one's owner."""

    owners: Indices
    entries: Entries


def joined(counts: Sequence[Counts]) -> Joined:
    """Return the entries of owners in their order."""
    entries = np.frombuffer(b"".join([one.packed for one in counts]), ENTRY)
    sizes = [len(one.packed) // ENTRY.itemsize for one in counts]
    return Joined(np.repeat(np.arange(len(sizes)), sizes), entries)


def summed(owners: Indices, entries: Entries) -> Joined:
    """Return the entries sorted by owner, key, value and day, with equal ones added up and zeros left out."""
    if not len(entries):
        return Joined(owners, entries)
    columns = [np.ascontiguousarray(entries[name]) for name in ("key", "by", "day")]
    order = np.lexsort((*reversed(columns), owners))
    owners, columns = owners[order], [column[order] for column in columns]
    starts = starts_of(owners, *columns)
    times = np.add.reduceat(entries["times"][order], starts)
    kept = np.flatnonzero(times)
    starts = starts[kept]
    return Joined(owners[starts], _entries(*(column[starts] for column in columns), times[kept]))


def _entries(*columns: NDArray[Any]) -> Entries:
    entries = np.empty(len(columns[0]), ENTRY)
    for name, column in zip(("key", "by", "day", "times"), columns, strict=True):
        entries[name] = column
    return entries


_Given: TypeAlias = tuple[int, tuple[int, str], int]
"""the place of an owner, the adjustment, and how often it was made"""


def _each_by_hand(several: Iterable[Counts]) -> Iterator[_Given]:
    return ((owner, one, times) for owner, of in enumerate(several) for one, times in of.by_hand.items())


def _counts(number: int, owners: Indices, entries: Entries, by_hand: Iterable[_Given]) -> list[Counts]:
    """Return the counts of so many owners, in which equal entries are one."""
    owners, entries = summed(owners, entries)
    packed, ends = entries.tobytes(), np.searchsorted(owners, np.arange(number + 1)) * ENTRY.itemsize
    given: dict[int, dict[tuple[int, str], int]] = {}
    for owner, one, times in by_hand:
        of = given.setdefault(owner, {})
        of[one] = of.get(one, 0) + times
    return [
        Counts(packed[start:end], _without_zeros(given[owner]) if owner in given else {})
        for owner, (start, end) in enumerate(pairwise(ends.tolist()))
    ]


def _without_zeros(given: ByHand) -> ByHand:
    return {one: times for one, times in sorted(given.items()) if times}


def total(parts: Sequence[Counts]) -> Counts:
    """Return the sum of counts, such as those of a profile's identities."""
    return totals([parts])[0]


def totals(several: Sequence[Sequence[Counts]]) -> list[Counts]:
    """Return the sum of the counts in each sequence."""
    # Most profiles have the counts of one identity alone.
    sums = [parts[0] if parts else NONE for parts in several]
    places = [place for place, parts in enumerate(several) if len(parts) > 1]
    if places:
        parts = [part for place in places for part in several[place]]
        owner_of_part = np.repeat(np.arange(len(places)), [len(several[place]) for place in places])
        part_of_row, entries = joined(parts)
        by_hand = ((int(owner_of_part[part]), one, times) for part, one, times in _each_by_hand(parts))
        summed_up = _counts(len(places), owner_of_part[part_of_row], entries, by_hand)
        for place, counts in zip(places, summed_up, strict=True):
            sums[place] = counts
    return sums


def only(counts: Counts, keys: Iterable[str]) -> Counts:
    """Return what was counted under some keys, and what was given by hand."""
    return _kept(counts, _are_under(counts, keys))


def without(counts: Counts, keys: Iterable[str]) -> Counts:
    """Return what was counted under other keys than some, and what was given by hand."""
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
