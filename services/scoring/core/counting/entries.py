"""Entries: counts packed in rows that are sorted and without zeros; and their sums."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Indices, starts_of

ENTRY: Final = np.dtype([("key", "<u8"), ("by", "<u8"), ("day", "<i4"), ("times", "<i4")])
"""key and value of `by` as numbers (`counts.number_of`), the UTC day as an ordinal, and how often"""

# Numpy moves bytes several times faster than rows with fields.
_BYTES: Final = np.dtype((np.void, ENTRY.itemsize))

Entries: TypeAlias = NDArray[np.void]


class Owned(NamedTuple):
    """The entries of several owners, and for each entry the index of its owner."""

    owners: Indices
    entries: Entries


def entries_in(packed: bytes) -> Entries:
    """Return packed entries, read-only."""
    return np.frombuffer(packed, ENTRY)


def entries_of(*columns: NDArray[Any]) -> Entries:
    """Return the rows of the columns key, by, day and times."""
    entries = np.empty(len(columns[0]), ENTRY)
    for name, column in zip(("key", "by", "day", "times"), columns, strict=True):
        entries[name] = column
    return entries


def joined(packed: Sequence[bytes]) -> Owned:
    """Return the entries of owners, one owner after the other."""
    sizes = np.array([len(part) // ENTRY.itemsize for part in packed], np.intp)
    return Owned(np.repeat(np.arange(len(sizes)), sizes), entries_in(b"".join(packed)))


def summed(owners: Indices, entries: Entries) -> Owned:
    """Return the entries sorted by owner, key, value and day, with equal ones added up and zeros left out."""
    if not len(entries):
        return Owned(owners, entries)
    columns = [np.ascontiguousarray(entries[name]) for name in ("key", "by", "day")]
    order = np.lexsort((*reversed(columns), owners))
    owners, columns = owners[order], [column[order] for column in columns]
    starts = starts_of(owners, *columns)
    times = np.add.reduceat(entries["times"][order], starts)
    kept = np.flatnonzero(times)
    starts = starts[kept]
    return Owned(owners[starts], entries_of(*(column[starts] for column in columns), times[kept]))


def merged(many: bytes, few: bytes) -> bytes:
    """Return the sum of two packed arrays of one owner, each sorted and without zeros.

    Only the rows of `few` are searched for, so this costs hardly more than a copy of `many`.
    """
    if not (many and few):
        return many or few
    old, new = entries_in(many), entries_in(few)
    positions = _positions(old, new)
    # A row beyond the last old one is compared with the last old one, and never equals it.
    found = old.view(_BYTES).take(positions, mode="clip").view(ENTRY)
    is_there = (found["key"] == new["key"]) & (found["by"] == new["by"]) & (found["day"] == new["day"])
    is_new = ~is_there
    at = positions[is_new]
    at += np.arange(len(at))
    sums = np.empty(len(old) + len(at), ENTRY)
    is_old = np.ones(len(sums), np.bool_)
    is_old[at] = False
    rows = sums.view(_BYTES)
    rows[at] = new.view(_BYTES)[is_new]
    rows[is_old] = old.view(_BYTES)
    if is_there.any():
        times = sums["times"]
        changed = np.flatnonzero(is_old)[positions[is_there]]
        times[changed] += new["times"][is_there]
        if not times[changed].all():
            rows = rows[times != 0]
    return rows.tobytes()


def _positions(entries: Entries, rows: Entries) -> Indices:
    """Return for each row the index of the first entry that is not before it."""
    keys, of_by, of_day = (np.ascontiguousarray(entries[name]) for name in ("key", "by", "day"))
    by, day = np.ascontiguousarray(rows["by"]), np.ascontiguousarray(rows["day"])
    position, end = (np.searchsorted(keys, rows["key"], side) for side in ("left", "right"))
    # A binary search for all rows at once, each among the entries of its key.
    step = 1 << int((end - position).max()).bit_length()
    position -= 1
    while step := step >> 1:
        further = position + step
        its_by = of_by.take(further, mode="clip")
        is_before = its_by == by
        is_before &= of_day.take(further, mode="clip") < day
        is_before |= its_by < by
        is_before &= further < end
        position = np.where(is_before, further, position)
    return position + 1
