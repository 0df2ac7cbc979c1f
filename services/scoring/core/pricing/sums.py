"""Sums of points, one for each of several profiles."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.scoring.core.counting.arrays import Floats, Indices
from services.scoring.core.pricing.rule_points import Lines
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import DIGITS

_STEPS = 10.0**DIGITS
# The rounding error of a sum is far below this part of a step of the score, and of the sum's size.
_ERROR = 1e-6
_RELATIVE_ERROR = 1e-10


class Sums(NamedTuple):
    """Sums of points, and sums of their absolute values (`sizes`), which bound the rounding error."""

    points: Floats
    sizes: Floats

    def plus(self, other: "Sums") -> "Sums":
        """Return the sums of both."""
        return Sums(self.points + other.points, self.sizes + other.sizes)


class Part:
    """The lines of a part of the scores; a group's cap limits the sum of its lines in this part."""

    def __init__(self, matrix: Matrix, size: int) -> None:
        self._matrix = matrix
        self._size = size
        self._lines: list[tuple[Indices, Floats]] = []
        self._grouped: dict[str, list[tuple[Indices, Floats]]] = {}

    def add(self, rule_id: str, profiles: Indices, points: Floats) -> None:
        """Add the points of a rule for some profiles."""
        self._lines.append((profiles, points))
        group = self._matrix.group_of.get(rule_id)
        if group is not None:
            self._grouped.setdefault(group, []).append((profiles, points))

    def add_lines(self, lines: Lines) -> None:
        """Add the points of all rules of behaviour."""
        self._lines.append((lines.profile, lines.points))
        for index, rule in enumerate(self._matrix.rules):
            group = self._matrix.group_of.get(rule.id)
            if group is not None:
                some = lines.rule == index
                self._grouped.setdefault(group, []).append((lines.profile[some], lines.points[some]))

    def sums(self) -> Sums:
        """Return the sums of all lines, with the groups limited by their caps."""
        total = self._sum(self._lines)
        sizes = self._sum([(profiles, np.abs(points)) for profiles, points in self._lines])
        for name, lines in self._grouped.items():
            together, cap = self._sum(lines), self._matrix.groups[name].cap
            total += np.clip(together, -cap, cap) - together
        return Sums(total, sizes)

    def _sum(self, lines: list[tuple[Indices, Floats]]) -> Floats:
        if not lines:
            return np.zeros(self._size)
        profiles = np.concatenate([profiles for profiles, _ in lines])
        points = np.concatenate([points for _, points in lines])
        return np.bincount(profiles, points, self._size).astype(np.float64, copy=False)


def rounded(sums: Sums, exactly: Callable[[int], float]) -> Floats:
    """Return sums rounded half-even to 0.001; no score is -0.0.

    Where a rounding error could change the last digit, `exactly` returns the rounded sum for that index.
    """
    found = np.rint(sums.points * _STEPS) / _STEPS + 0.0
    for index in np.flatnonzero(is_near_tie(sums)).tolist():
        found[index] = exactly(index)
    return found


def is_near_tie(sums: Sums) -> NDArray[np.bool_]:
    """Return for which sums an error could change the last digit after rounding."""
    steps = np.abs(sums.points) * _STEPS
    errors = np.maximum(_ERROR, sums.sizes * (_STEPS * _RELATIVE_ERROR))
    return np.abs(steps - np.floor(steps) - 0.5) <= errors
