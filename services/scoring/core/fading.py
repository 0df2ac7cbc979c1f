"""Fading: what time has left of points after some nights, for a half-life in days."""

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.columns import Ints

# Some eleven years, in a table of each half-life; of older days each is worked out.
_TABLE: Final = 4_096


def fade(nights: int, half_life: int) -> float:
    """Return what so many nights leave of a point (0 to 1); all of it without a half-life, which is 0."""
    return 2.0 ** (-nights / half_life) if half_life else 1.0


def fades(nights: Ints, half_lives: Ints) -> NDArray[np.float64]:
    """Return what each number of nights leaves of a point: exactly as `fade` has it, on every processor."""
    left = np.ones(len(nights))
    for half_life in np.unique(half_lives).tolist():
        if half_life:
            some = np.flatnonzero(half_lives == half_life)
            left[some] = _fades(nights[some], half_life)
    return left


def _fades(nights: Ints, half_life: int) -> NDArray[np.float64]:
    if nights.max() < _TABLE:
        return _table(half_life)[nights]
    distinct, places = np.unique(nights, return_inverse=True)
    return np.array([fade(one, half_life) for one in distinct.tolist()])[places]


@lru_cache(maxsize=64)
def _table(half_life: int) -> NDArray[np.float64]:
    return np.array([fade(nights, half_life) for nights in range(_TABLE)])
