"""Pricing: what counts are worth under a matrix on a day. Pure, and the same in live scoring and replay.

Limits and caps are applied here, to sums, the earliest days first. Clamping step by step while events come
in would make the score depend on their order (DESIGN.md idea 3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import NamedTuple

from services.scoring.counting import Counts, Days
from services.scoring.matrix import Limit, Matrix, Rule
from shared.events import Reason

DIGITS = 3


@dataclass(frozen=True)
class Score:
    """The points of a profile under a matrix, with a reason for each rule that matched at all.

    `points` is rounded half-even to 0.001; the reasons' points are exact and may differ from it by that.
    """

    points: float
    reasons: tuple[Reason, ...]


def price(counts: Counts, matrix: Matrix, day: int) -> Score:
    """Return the score at the end of a day (UTC ordinal): later days do not exist yet."""
    reasons = tuple(
        Reason(rule=rule.id, label=rule.title, points=worth.points, count=worth.matches, paid=worth.paid)
        for rule, worth in _worths(counts, matrix, day)
        if worth.matches
    )
    return Score(_sum(reason.points for reason in reasons), reasons)


def points(counts: Counts, matrix: Matrix, day: int) -> float:
    """Return the points of `price` without its reasons, which is what the hot path needs."""
    return _sum(worth.points for _, worth in _worths(counts, matrix, day))


def _sum(parts: Iterable[float]) -> float:
    # fsum rounds once, at the end, so the total does not depend on the order of the rules.
    return round(fsum(parts), DIGITS)


class _Worth(NamedTuple):
    points: float
    matches: int
    paid: int


def _worths(counts: Counts, matrix: Matrix, day: int) -> Iterator[tuple[Rule, _Worth]]:
    for rule in matrix.rules:
        days = counts.get(rule.count_key)
        if days:
            yield rule, _worth(rule, days, day)


def _worth(rule: Rule, days: Days, until: int) -> _Worth:
    matches = 0
    for day, values in days.items():
        if day <= until:
            for times in values.values():
                matches += times
    paid = matches if rule.limit is None else _within_limit(rule.limit, days, until)
    points = paid * rule.points
    if rule.cap is not None:
        points = max(-rule.cap, min(rule.cap, points))
    return _Worth(points, matches, paid)


def _within_limit(limit: Limit, days: Days, until: int) -> int:
    used: dict[tuple[int, str], int] = {}
    for day, values in days.items():
        if day <= until:
            period = _period(day, limit)
            for by, times in values.items():
                used[period, by] = used.get((period, by), 0) + times
    return sum(min(times, limit.times) for times in used.values())


def _period(day: int, limit: Limit) -> int:
    """Return the number of the limit's period that a day lies in."""
    match limit.per:
        case "day":
            return day
        case "week":
            return (day - 1) // 7  # ordinal 1 was a Monday
        case "month":
            then = date.fromordinal(day)
            return then.year * 12 + then.month
        case "ever":
            return 0


def crossed_on(counts: Counts, matrix: Matrix, until: int) -> int | None:
    """Return the earliest day at whose end the score reaches the flip number, or None until that day."""
    days = sorted({day for rule in matrix.rules for day in counts.get(rule.count_key, {}) if day <= until})
    for day in days:
        if points(counts, matrix, day) >= matrix.flip_number:
            return day
    return None
