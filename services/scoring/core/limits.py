"""Limits: how many matches are paid. In each period the earliest days use the limit up, per value of `by`."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from services.scoring.core.days import Days
from services.scoring.model.rules import Limit


class Paid(NamedTuple):
    """A day (UTC ordinal), its matches, and how many of them the limit lets be paid."""

    day: int
    matches: int
    paid: int


def paid_by_day(days: Days, limit: Limit | None) -> list[Paid]:
    """Return what is paid of each day, the earliest first; what comes later changes nothing of it."""
    used: dict[tuple[int, str], int] = {}
    each: list[Paid] = []
    for day, values in sorted(days.items()):
        matches = sum(values.values())
        each.append(Paid(day, matches, matches if limit is None else _use_up(limit, day, values, used)))
    return each


def _use_up(limit: Limit, day: int, values: Mapping[str, int], used: dict[tuple[int, str], int]) -> int:
    """Return how many matches of a day are paid, and note in `used` what they leave to later days."""
    period = period_of(day, limit)
    paid = 0
    for by, times in values.items():
        before = used.get((period, by), 0)
        used[period, by] = min(before + times, limit.times)
        paid += used[period, by] - before
    return paid


def paid_of(days: Days, limit: Limit | None) -> tuple[int, int]:
    """Return how many matches there are and how many are paid, all days together.

    It is the sum of `paid_by_day`, for which it makes no difference whose day is paid. Scores of now are made
    of it alone, so it is written to be quick.
    """
    if limit is None:
        return _unlimited(days)
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
        period = period_of(day, limit)
        for by, times in values.items():
            matches += times
            used[period, by] = used.get((period, by), 0) + times
    return matches, sum(min(times, limit.times) for times in used.values())


def _unlimited(days: Days) -> tuple[int, int]:
    matches = 0
    for values in days.values():
        for times in values.values():
            matches += times
    return matches, matches


def period_of(day: int, limit: Limit) -> int:
    """Return the number of the limit's period that a day (UTC ordinal) lies in; they rise with time."""
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
