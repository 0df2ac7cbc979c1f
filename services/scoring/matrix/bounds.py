"""The reach of a matrix: an upper bound of its scores, from caps, limits, windows and fading."""

from collections.abc import Collection
from math import ceil, fsum, inf

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import DIGITS, Limit, Rule, TraitRule

# Periods of a limit end at least this many days apart. A month is taken as its shortest.
_SHORTEST = {"day": 1, "week": 7, "month": 28}


def most(matrix: Matrix, *, without: Collection[str] = ()) -> float:
    """Return a score that no profile can exceed by the rules alone; `math.inf` when they set no bound.

    `without` are the ids of rules to leave out.

    Whether one profile can meet all conditions at once is not checked, so the bound may be out of reach.
    Points that ops add by hand are not included.
    """
    left_out = frozenset(without)
    alone = [
        most_of(rule)
        for rule in (*matrix.rules, *matrix.traits)
        if rule.id not in matrix.group_of and rule.id not in left_out
    ]
    grouped = [
        min(group.cap, most_together(matrix, set(group.rules) - left_out)) for group in matrix.groups.values()
    ]
    return round(fsum((*alone, *grouped)), DIGITS)


def most_together(matrix: Matrix, ids: Collection[str], *, sign: int = 1) -> float:
    """Return the most that some rules together can give before their group's cap; with `sign=-1`, take."""
    return fsum(most_of(rule, sign=sign) for rule in (*matrix.rules, *matrix.traits) if rule.id in ids)


def most_of(rule: Rule | TraitRule, *, sign: int = 1) -> float:
    """Return the most that a rule can give, 0 if it takes; with `sign=-1`, the most that it can take."""
    if sign * rule.points <= 0:
        return 0.0
    if isinstance(rule, TraitRule):
        return abs(rule.points)
    return uncapped(rule) if rule.cap is None else min(rule.cap, uncapped(rule))


def uncapped(rule: Rule) -> float:
    """Return the most that a rule can give or take by its limit, window and fading, before its cap."""
    if rule.limit is None or rule.limit.by is not None:
        return inf
    return abs(rule.points) * rule.limit.times * _most_periods(rule, rule.limit)


def _most_periods(rule: Rule, limit: Limit) -> float:
    """Return how many of the limit's periods count at once, each weighted by the part that fading leaves."""
    if limit.per == "ever":
        return 1.0
    apart = _SHORTEST[limit.per]
    if rule.window is not None:
        # One period that has just begun, and those that ended on the days before.
        return 1.0 + ceil((rule.window - 1) / apart)
    if rule.half_life is not None:
        # Each period's last day: today, yesterday for the period before, then `apart` days earlier each.
        return 1.0 + _left(rule.half_life, 1) / (1.0 - _left(rule.half_life, apart))
    return inf


def _left(half_life: int, days: int) -> float:
    return 2.0 ** (-days / half_life)
