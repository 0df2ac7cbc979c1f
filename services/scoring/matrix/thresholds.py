"""Steps: names with rising thresholds of points, such as stages."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_GRADES: Final = tuple(f"{letter}{digit}" for letter in "ABCD" for digit in (1, 2, 3, 4))


class Thresholds(NamedTuple):
    """Rising thresholds, and the names below the first threshold and from each threshold on."""

    thresholds: NDArray[np.float64]
    names: Sequence[str | None]

    def reached(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return how many thresholds each number of points reaches."""
        return np.searchsorted(self.thresholds, points, side="right")

    def names_of(self, points: NDArray[np.float64]) -> list[str | None]:
        """Return the name that each number of points reaches."""
        return [self.names[index] for index in self.reached(points).tolist()]


def stages_in(thresholds: Mapping[str, float]) -> Thresholds:
    """Return the steps of named stages; of two stages with one threshold the last by name is reached."""
    rising = sorted((threshold, name) for name, threshold in thresholds.items())
    points = np.array([threshold for threshold, _ in rising], np.float64)
    return Thresholds(points, [None, *(name for _, name in rising)])


class Grading(NamedTuple):
    """The thresholds of fit and of engagement, rising: three of each."""

    fit: Thresholds
    engagement: Thresholds

    def names_of(self, fit: NDArray[np.float64], engagement: NDArray[np.float64]) -> list[str]:
        """Return the grades A1 to D4: a letter for what profiles are, a digit for what they do."""
        indexes = 4 * (3 - self.fit.reached(fit)) + 3 - self.engagement.reached(engagement)
        return [_GRADES[index] for index in indexes.tolist()]


def grading(fit: Sequence[float], engagement: Sequence[float]) -> Grading:
    """Return the grades that begin at these thresholds, three falling ones each."""
    return Grading(*(Thresholds(np.array(falling[::-1], np.float64), ()) for falling in (fit, engagement)))
