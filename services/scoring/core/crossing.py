"""Crossing: the day on which a person's score reached the flip number."""

from typing import Final

import numpy as np

from services.scoring.core.by_hand import adjustments
from services.scoring.core.columns import Ints
from services.scoring.core.crowd import Crowd
from services.scoring.core.over_time import sums_over
from services.scoring.core.pricing import Known, crowd_of
from services.scoring.core.scores import points
from services.scoring.core.sums import rounded
from services.scoring.model.matrix import Matrix

# So many days are priced at once: most searches end among the first.
_AT_ONCE: Final = 512


def crossed_on(known: Known, matrix: Matrix, until: int) -> int | None:
    """Return the earliest day at whose end the score reaches the flip number, or None until that day.

    The first day asked is the first of which anything is known that the matrix reads.
    """
    days = _days_to_ask(known, matrix, until)
    for start in range(0, len(days), _AT_ONCE):
        found = _first_to_reach(known, matrix, days[start : start + _AT_ONCE])
        if found is not None:
            return found
    return None


def crossed_by(known: Known, matrix: Matrix, day: int) -> int:
    """Return the day on which a person crossed who reaches the flip number at the end of a day."""
    days = _days_to_ask(known, matrix, day)
    if len(days) == 1:
        # What is reached was reached there, since from there on the score stood still or fell.
        return int(days[0])
    return crossed_on(known, matrix, day) or day


def _first_to_reach(known: Known, matrix: Matrix, days: Ints) -> int | None:
    scores = rounded(sums_over(known, matrix, days), lambda place: points(known, matrix, int(days[place])))
    reached = np.flatnonzero(scores >= matrix.flip_number)
    return int(days[reached[0]]) if len(reached) else None


def _days_to_ask(known: Known, matrix: Matrix, until: int) -> Ints:
    """Return the days, rising, on one of which the score must have reached what it ever did.

    While nothing begins or ends it stands still or falls, except for losses that fade.
    """
    crowd = crowd_of([known], matrix)
    begun = np.unique(known_days(known, crowd, matrix))
    begun = begun[begun <= until]
    if not len(begun):
        return np.array([until], np.int64)
    if any(rule.half_life is not None and rule.points < 0 for rule in matrix.rules):
        return np.arange(begun[0], until + 1)
    days = np.union1d(begun, _ends_of_losses(crowd, matrix))
    return days[days <= until]


def known_days(known: Known, crowd: Crowd, matrix: Matrix) -> Ints:
    """Return the days on which something begins or ends that the matrix reads of a crowd of one."""
    others = list(known.traits.days) if matrix.reads_traits else []
    for since, given, _ in adjustments(known.counts.by_hand, matrix.model):
        others.append(since)
        if given.until is not None and since <= given.until.toordinal():
            others.append(given.until.toordinal() + 1)
    return np.concatenate([crowd.day, np.array(others, np.int64)])


def _ends_of_losses(crowd: Crowd, matrix: Matrix) -> Ints:
    """Return the days on which a window leaves behind what took points."""
    taking = (rule for rule in matrix.fading if rule.window is not None and rule.points < 0)
    found = ((crowd.rows(rule.count_key), rule.window or 0) for rule in taking)
    return np.concatenate([np.empty(0, np.int64), *(rows.day + window for rows, window in found if rows)])
