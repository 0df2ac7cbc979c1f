"""What one rule gives for its counts: the limit used up by the earliest days, then fading, then the cap."""

from datetime import date
from math import fsum
from typing import NamedTuple

from services.scoring.core.days import MAX_WORTHS, Days, StoredDays, Worth
from services.scoring.model.rules import Limit, Rule


class Day(NamedTuple):
    """What one day gave to a rule before its cap; `fade` is what time has left of each point (0 to 1)."""

    day: int
    matches: int
    paid: int
    fade: float
    points: float


def worth(rule: Rule, days: Days, until: int) -> Worth:
    """Return what a rule gives at the end of a day (UTC ordinal)."""
    if not isinstance(days, StoredDays):
        return _worth(rule, days, until)
    known = days.worths.get((rule.price, until))
    if known is None:
        if len(days.worths) >= MAX_WORTHS:
            days.worths.clear()
        known = days.worths[rule.price, until] = _worth(rule, days, until)
    return known


def _worth(rule: Rule, days: Days, until: int) -> Worth:
    if rule.half_life is not None:
        each = by_day(rule, days, until)
        points = fsum(day.points for day in each)
        return Worth(
            capped(points, rule.cap), sum(day.matches for day in each), sum(day.paid for day in each)
        )
    days = _within(rule, days, until)
    matches, paid = _unlimited(days) if rule.limit is None else _limited(days, rule.limit)
    return Worth(capped(paid * rule.points, rule.cap), matches, paid)


def by_day(rule: Rule, days: Days, until: int) -> list[Day]:
    """Return what each day gives to a rule, the earliest first; later days than `until` do not exist yet."""
    used: dict[tuple[int, str], int] = {}
    each: list[Day] = []
    for day, values in sorted(_within(rule, days, until).items()):
        matches = paid = 0
        for by, times in values.items():
            matches += times
            if rule.limit is None:
                paid += times
            else:
                place = _period(day, rule.limit), by
                before = used.get(place, 0)
                used[place] = min(before + times, rule.limit.times)
                paid += used[place] - before
        fade = 1.0 if rule.half_life is None else 2.0 ** (-(until - day) / rule.half_life)
        each.append(Day(day, matches, paid, fade, paid * rule.points * fade))
    return each


def capped(points: float, cap: float | None) -> float:
    """Hold points within a cap on either side of zero."""
    if cap is None or -cap <= points <= cap:
        return points
    return cap if points > 0 else -cap


def _within(rule: Rule, days: Days, until: int) -> Days:
    """Return the days that exist yet and that a window has not left behind."""
    # Nearly always all of them do, and this is asked for every rule of everyone.
    if rule.window is None and max(days, default=0) <= until:
        return days
    since = 0 if rule.window is None else until - rule.window
    return {day: values for day, values in days.items() if since < day <= until}


def _unlimited(days: Days) -> tuple[int, int]:
    matches = 0
    for values in days.values():
        for times in values.values():
            matches += times
    return matches, matches


def _limited(days: Days, limit: Limit) -> tuple[int, int]:
    """Return how many matches there are and how many of them the limit lets be paid."""
    matches = paid = 0
    if limit.per == "day":
        most = limit.times
        for values in days.values():
            for times in values.values():
                matches += times
                paid += times if times < most else most  # noqa: FURB136 - a call each would be half the price
        return matches, paid
    used: dict[tuple[int, str], int] = {}
    for day, values in days.items():
        period = _period(day, limit)
        for by, times in values.items():
            matches += times
            used[period, by] = used.get((period, by), 0) + times
    return matches, sum(min(times, limit.times) for times in used.values())


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
