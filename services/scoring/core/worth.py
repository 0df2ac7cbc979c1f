"""What one rule gives for its counts: the limit used up by the earliest days, then fading, then the cap."""

from math import fsum
from typing import NamedTuple

from services.scoring.core.days import MAX_WORTHS, Days, StoredDays, Worth, latest
from services.scoring.core.limits import paid_by_day, paid_of
from services.scoring.core.past import Past, fade
from services.scoring.model.rules import Rule


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
    if isinstance(days, Past):
        return _worth_of_past(rule, days, until)
    days = _within(rule, days, until)
    if rule.half_life is None:
        matches, paid = paid_of(days, rule.limit)
        return Worth(capped(paid * rule.points, rule.cap), matches, paid)
    each = paid_by_day(days, rule.limit)
    total = fsum([one.paid * rule.points * fade(until - one.day, rule.half_life) for one in each])
    return Worth(capped(total, rule.cap), sum([one.matches for one in each]), sum([one.paid for one in each]))


def _worth_of_past(rule: Rule, past: Past, until: int) -> Worth:
    matches, paid = past.paid(rule.limit, _since(rule, until), until)
    if rule.half_life is None:
        return Worth(capped(paid * rule.points, rule.cap), matches, paid)
    left = past.faded(rule.limit, rule.half_life, until)
    return Worth(capped(left * rule.points, rule.cap), matches, paid)


def by_day(rule: Rule, days: Days, until: int) -> list[Day]:
    """Return what each day gives to a rule, the earliest first; later days than `until` do not exist yet."""
    each: list[Day] = []
    for day, matches, paid in paid_by_day(_within(rule, days, until), rule.limit):
        left = 1.0 if rule.half_life is None else fade(until - day, rule.half_life)
        each.append(Day(day, matches, paid, left, paid * rule.points * left))
    return each


def capped(points: float, cap: float | None) -> float:
    """Hold points within a cap on either side of zero."""
    if cap is None or -cap <= points <= cap:
        return points
    return cap if points > 0 else -cap


def _since(rule: Rule, until: int) -> int:
    """Return the day after which a rule's days count: 0 is before all of them."""
    return 0 if rule.window is None else until - rule.window


def _within(rule: Rule, days: Days, until: int) -> Days:
    """Return the days that exist yet and that a window has not left behind."""
    # Nearly always all of them do, and this is asked for every rule of everyone.
    if rule.window is None and latest(days) <= until:
        return days
    since = _since(rule, until)
    return {day: values for day, values in days.items() if since < day <= until}
