"""Crossing: how a score moves from day to day, also while nobody does anything."""

from collections.abc import Iterator
from math import fsum

from services.scoring.core.counting import ACTIVITY, ADJUSTMENTS
from services.scoring.core.pricing import Known, adjustments, points, price
from services.scoring.core.worth import by_day
from services.scoring.model.matrix import Inactivity, Matrix
from services.scoring.model.rules import DIGITS


def crossed_on(known: Known, matrix: Matrix, until: int) -> int | None:
    """Return the earliest day at whose end the score reaches the flip number, or None until that day.

    The first day asked is the first of which anything is known that the matrix reads.
    """
    days = sorted({day for day in _known_days(known, matrix) if day <= until})
    if not days:
        return until if price(known, matrix, until).points >= matrix.flip_number else None
    asked = _every_change(known, matrix, days[0]) if _can_rise_by_itself(known, matrix) else days
    for day in asked:
        if day > until:
            break
        if points(known, matrix, day) >= matrix.flip_number:
            return day
    return None


def next_change(known: Known, matrix: Matrix, day: int) -> int | None:
    """Return the first day after `day` on which the score may change though nobody does anything, if any."""
    return min((later for later in _changes(known, matrix, day) if later > day), default=None)


def _every_change(known: Known, matrix: Matrix, first: int) -> Iterator[int]:
    """Yield a day and those after it on which the score may change; they end with the fading."""
    day: int | None = first
    while day is not None:
        yield day
        day = next_change(known, matrix, day)


def _known_days(known: Known, matrix: Matrix) -> Iterator[int]:
    """Yield the days on which something begins or ends that the matrix reads."""
    for rule in matrix.rules:
        yield from known.counts.get(rule.count_key, ())
    if matrix.inactivity is not None:
        yield from known.counts.get(ACTIVITY, ())
    if matrix.reads_traits:
        yield from known.traits.days
    for since, given, _ in adjustments(known.counts, matrix.model):
        yield since
        if given.until is not None and since <= given.until.toordinal():
            yield given.until.toordinal() + 1


def _changes(known: Known, matrix: Matrix, day: int) -> Iterator[int]:
    if _may_know_later_days(known, matrix, day):
        yield from _known_days(known, matrix)
    for rule in matrix.fading:
        if rule.window is not None:
            yield from (one + rule.window for one in known.counts.get(rule.count_key, ()))
    left = _left_to_fade(known, matrix, day)
    if left and left >= _room_to_fade(known, matrix, day):
        yield day + 1
    if matrix.inactivity is not None:
        last = max((active for active in known.counts.get(ACTIVITY, ()) if active <= day), default=None)
        if last is not None:
            yield from _steps(matrix.inactivity, last, day)


def _left_to_fade(known: Known, matrix: Matrix, day: int) -> float:
    """Return the points, given or taken, that half-lives have left and will take in the end."""
    return fsum(
        abs(one.points)
        for rule in matrix.fading
        if rule.half_life is not None
        for one in by_day(rule, known.counts.get(rule.count_key, {}), day)
    )


def _room_to_fade(known: Known, matrix: Matrix, day: int) -> float:
    """Return how many points may go before the rounded score can change.

    Without it whoever ever matched a fading rule would be priced again every day for ever.
    """
    exact = fsum(reason.points for reason in price(known, matrix, day).reasons)
    return 0.5 * 10**-DIGITS - abs(exact - round(exact, DIGITS))


def _may_know_later_days(known: Known, matrix: Matrix, day: int) -> bool:
    """Tell in the quick way whether anything may lie after a day, since it hardly ever does."""
    if ADJUSTMENTS in known.counts or (matrix.reads_traits and max(known.traits.days, default=day) > day):
        return True
    return any(max(days) > day for days in known.counts.values())


def _steps(inactivity: Inactivity, last: int, day: int) -> Iterator[int]:
    """Yield the day of the first step, and of the one that follows on `day`."""
    first = last + inactivity.after
    yield first
    if inactivity.every is not None and day >= first:
        taken = 1 + (day - first) // inactivity.every
        if inactivity.floor is None or inactivity.points * taken > inactivity.floor:
            yield first + taken * inactivity.every


def _can_rise_by_itself(known: Known, matrix: Matrix) -> bool:
    """Tell whether the score may rise on a day of which nothing is known: when what was taken fades."""
    return any(rule.points < 0 and known.counts.get(rule.count_key) for rule in matrix.fading)
