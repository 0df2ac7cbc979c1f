"""Idling: how long profiles have done nothing, and the points that inactivity takes from them."""

from typing import NamedTuple

import numpy as np

from services.scoring.core.counting.arrays import Floats, Indices, Ints, starts_of
from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import ACTIVITY
from services.scoring.matrix.matrix import Inactivity


class Idle(NamedTuple):
    """The profiles from which inactivity takes points: for how many days, and steps, they have been idle."""

    profiles: Indices
    days: Ints
    steps: Ints
    points: Floats


def last_active(columns: Columns, day: int) -> tuple[Indices, Ints]:
    """Return the profiles that were active until the end of a day, and the last day on which they were."""
    rows = columns.rows(ACTIVITY)
    if rows is None:
        return np.empty(0, np.intp), np.empty(0, np.int64)
    active = np.flatnonzero(rows.day <= day)
    last = active[np.append(starts_of(rows.profile[active])[1:], len(active)) - 1] if len(active) else active
    return rows.profile[last], rows.day[last]


def idle(columns: Columns, inactivity: Inactivity, day: int) -> Idle:
    """Return the profiles from which inactivity takes points at the end of a day (UTC ordinal)."""
    profiles, last = last_active(columns, day)
    days = day - last
    steps = steps_after(inactivity, days)
    some = np.flatnonzero(steps)
    return Idle(profiles[some], days[some], steps[some], taken(inactivity, steps[some]))


def steps_after(inactivity: Inactivity, days: Ints) -> Ints:
    """Return how many steps inactivity takes after each number of days."""
    active = (days >= inactivity.after).astype(np.int64)
    return (
        active if inactivity.every is None else active * (1 + (days - inactivity.after) // inactivity.every)
    )


def taken(inactivity: Inactivity, steps: Ints) -> Floats:
    """Return the points (0 or below) that each number of steps takes in all."""
    points = np.float64(inactivity.points) * steps
    return points if inactivity.floor is None else np.maximum(points, inactivity.floor)


def next_step(inactivity: Inactivity, last: Ints, day: int) -> Ints:
    """Return the day on which the next step takes points from profiles that were last active on `last`.

    If no step is left, the day is in the past.
    """
    first = last + inactivity.after
    steps = steps_after(inactivity, day - last)
    if inactivity.every is None:
        return first
    takes = taken(inactivity, steps + 1) < taken(inactivity, steps)
    return np.where(takes, first + steps * inactivity.every, first)
