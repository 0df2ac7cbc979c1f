"""Crossing: how a score moves from day to day, also while nobody does anything."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from math import fsum
from typing import Final

from services.scoring.core.counting import ACTIVITY, ADJUSTMENTS
from services.scoring.core.days import latest
from services.scoring.core.past import Past, fade
from services.scoring.core.pricing import Known, adjustments, last_active, points, price
from services.scoring.core.worth import by_day, capped
from services.scoring.model.matrix import Inactivity, Matrix
from services.scoring.model.rules import DIGITS

_STEP: Final = 10**-DIGITS


def crossed_on(known: Known, matrix: Matrix, until: int) -> int | None:
    """Return the earliest day at whose end the score reaches the flip number, or None until that day.

    The first day asked is the first of which anything is known that the matrix reads.
    """
    days = {day for day in _known_days(known, matrix) if day <= until}
    if not days:
        return until if points(known, matrix, until) >= matrix.flip_number else None
    days.update(day for day in _ends_of_losses(known, matrix) if day <= until)
    search = _Search(known, matrix)
    spans = pairwise([*sorted(days), until + 1])
    return next((found for span in spans if (found := search.within(*span)) is not None), None)


class _Search:
    """A search among days of which thousands may be asked, in a transaction that others wait for.

    Its counts are summed up once, and days that cannot be the one are skipped.
    """

    def __init__(self, known: Known, matrix: Matrix) -> None:
        read = {ACTIVITY, *(rule.count_key for rule in matrix.rules)}
        past = {key: Past(days) for key, days in known.counts.items() if key in read}
        self._known = known
        self._summed = Known(known.counts | past, known.traits)
        self._matrix = matrix
        self._losses = [
            (rule, rule.half_life, past[rule.count_key])
            for rule in matrix.rules
            if rule.half_life is not None and rule.points < 0 and rule.count_key in past
        ]
        # What fades is summed up with an error far below a step, so the rounded score is off by one at most.
        self._error = _STEP if any(rule.half_life is not None for rule in matrix.rules) else 0.0

    def within(self, first: int, end: int) -> int | None:
        """Return the earliest day that crosses, from `first` on and before `end`.

        Of the days after `first` nothing may be known, nor may a window leave a loss behind on one of them.
        """
        day, flip_number = first, self._matrix.flip_number
        while day < end:
            lacking = flip_number - points(self._summed, self._matrix, day)
            # A rounded score that is one step off is so but for the rounding of a float.
            if lacking <= 1.5 * self._error and points(self._known, self._matrix, day) >= flip_number:
                return day
            # That score and the one to come are rounded, each by half a step at most.
            day = self._first_in_reach(day, end, lacking - _STEP - 1.5 * self._error)
        return None

    def _first_in_reach(self, day: int, end: int, lacking: float) -> int:
        """Return the first day after `day` on which the score may be higher by what is lacking, or `end`.

        It may be higher only by what has faded of losses: while nothing happens all else falls or stays, and
        the cap of a group lets its sum rise by no more than its parts do.
        """
        taken = [
            (rule, half_life, rule.points * past.faded(rule.limit, half_life, day))
            for rule, half_life, past in self._losses
        ]

        def has_faded(nights: int) -> bool:
            given_back = (
                capped(points * fade(nights, half_life), rule.cap) - capped(points, rule.cap)
                for rule, half_life, points in taken
            )
            return fsum(given_back) >= lacking

        # The more nights, the more has faded.
        nights = range(1, end - day)
        return day + 1 + bisect_left(nights, True, key=has_faded)


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


def _ends_of_losses(known: Known, matrix: Matrix) -> Iterator[int]:
    """Yield the days on which a window leaves behind what took points."""
    for rule in matrix.fading:
        if rule.window is not None and rule.points < 0:
            yield from (day + rule.window for day in known.counts.get(rule.count_key, ()))


def next_change(known: Known, matrix: Matrix, day: int) -> int | None:
    """Return the first day after `day` on which the score may change though nobody does anything, if any."""
    return min((later for later in _changes(known, matrix, day) if later > day), default=None)


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
        last = last_active(known.counts, day)
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
    """Return how many points may go before the rounded score can change, or what a grade is made of.

    Without it whoever ever matched a fading rule would be priced again every day for ever.
    """
    score = price(known, matrix, day)
    # Fit is the other part of a grade, and nothing in it fades.
    moving = (score.exact, score.exact_engagement) if matrix.is_graded else (score.exact,)
    return min(0.5 * _STEP - abs(exact - round(exact, DIGITS)) for exact in moving)


def _may_know_later_days(known: Known, matrix: Matrix, day: int) -> bool:
    """Tell in the quick way whether anything may lie after a day, since it hardly ever does."""
    if ADJUSTMENTS in known.counts or (matrix.reads_traits and max(known.traits.days, default=day) > day):
        return True
    return any(latest(days) > day for days in known.counts.values())


def _steps(inactivity: Inactivity, last: int, day: int) -> Iterator[int]:
    """Yield the day of the first step, and of the one that follows on `day` unless it takes nothing more."""
    first = last + inactivity.after
    yield first
    steps = inactivity.steps(day - last)
    if steps and inactivity.every is not None and inactivity.taken(steps + 1) < inactivity.taken(steps):
        yield first + steps * inactivity.every
