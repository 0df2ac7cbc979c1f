"""Columns: the types of the numpy arrays, and helpers for runs of rows."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]


def starts_of(*columns: NDArray[Any]) -> Indices:
    """Return the indices of the rows that differ from the row before them; the first row is one."""
    first, *others = columns
    differs = np.empty(len(first), np.bool_)
    differs[:1] = True
    np.not_equal(first[1:], first[:-1], out=differs[1:])
    for column in others:
        differs[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(differs)


def rows_in(starts: Indices, sizes: Indices) -> Indices | slice:
    """Return an index of the rows of some runs, run after run: a slice where the runs are adjacent."""
    if len(starts) and (starts[1:] == starts[:-1] + sizes[:-1]).all():
        return slice(int(starts[0]), int(starts[-1] + sizes[-1]))
    return np.arange(sizes.sum()) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
