"""Pricing: what counts are worth under a matrix on a day. Pure, and the same in live scoring and replay.

Limits and caps are applied here, to sums, the earliest days first. Clamping step by step while events come
in would make the score depend on their order (DESIGN.md idea 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import fsum

from services.scoring.counting import Counts
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
    reasons: list[Reason] = []
    for rule in matrix.rules:
        days = counts.get(rule.count_key)
        if days:
            reason = _price_rule(rule, days, day)
            if reason.count:
                reasons.append(reason)
    # fsum rounds once, at the end, so the total does not depend on the order of the rules.
    return Score(round(fsum(reason.points for reason in reasons), DIGITS), tuple(reasons))


def _price_rule(rule: Rule, days: Mapping[int, Mapping[str, int]], until: int) -> Reason:
    count = sum(sum(values.values()) for day, values in days.items() if day <= until)
    paid = count if rule.limit is None else _within_limit(rule.limit, days, until)
    points = paid * rule.points
    if rule.cap is not None:
        points = max(-rule.cap, min(rule.cap, points))
    return Reason(rule=rule.id, label=rule.title, points=points, count=count, paid=paid)


def _within_limit(limit: Limit, days: Mapping[int, Mapping[str, int]], until: int) -> int:
    used: dict[tuple[int, str], int] = {}
    for day, values in days.items():
        if day <= until:
            for by, times in values.items():
                period = _period(day, limit), by
                used[period] = used.get(period, 0) + times
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
        if price(counts, matrix, day).points >= matrix.flip_number:
            return day
    return None
