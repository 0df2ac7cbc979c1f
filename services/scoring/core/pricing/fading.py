"""Fading: the part of points that is left after some nights, for a half-life in days."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Ints

# Some eleven years, in a table for each half-life; for older days the value is computed each time.
_TABLE: Final = 4_096


def fade(nights: int, half_life: int) -> float:
    """Return the part of a point (0 to 1) left after some nights; 1 without a half-life (0)."""
    return 2.0 ** (-nights / half_life) if half_life else 1.0


def fades(nights: Ints, half_lives: Ints) -> NDArray[np.float64]:
    """Return the part of a point left after each number of nights: exactly as `fade`, on every processor."""
    left = np.ones(len(nights))
    for half_life in np.unique(half_lives).tolist():
        if half_life:
            some = np.flatnonzero(half_lives == half_life)
            left[some] = _fades(nights[some], half_life)
    return left


def _fades(nights: Ints, half_life: int) -> NDArray[np.float64]:
    if nights.max() < _TABLE:
        return _table(half_life)[nights]
    distinct, indexes = np.unique(nights, return_inverse=True)
    return np.array([fade(number, half_life) for number in distinct.tolist()])[indexes]


@lru_cache(maxsize=64)
def _table(half_life: int) -> NDArray[np.float64]:
    return np.array([fade(nights, half_life) for nights in range(_TABLE)])
