"""Pricing: what a person is worth under a matrix on a day. Pure, and the same in live scoring and replay.

Limits and caps are applied here, to sums, the earliest days first. Clamping step by step while events come
in would make the score depend on their order (DESIGN.md idea 3).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from typing import Final, NamedTuple

import msgspec

from services.scoring.core.counting import ACTIVITY, ADJUSTMENTS, Adjustment
from services.scoring.core.days import Counts
from services.scoring.core.past import Past
from services.scoring.core.traits import History
from services.scoring.core.worth import capped, worth
from services.scoring.model.matrix import ADJUSTMENT_RULE, INACTIVITY_RULE, Matrix
from services.scoring.model.rules import DIGITS
from shared.events import Reason

GROUP: Final = "group:"
"""How the rule of a line begins that tells what the cap of a group cuts off; no id of a rule has a colon."""


class Known(NamedTuple):
    """What a score is made of: how often a person did what on which day, and the traits over time."""

    counts: Counts
    traits: History


@dataclass(frozen=True)
class Score:
    """The points of a profile under a matrix, with a reason for each line that gave or took some.

    `points` is rounded half-even to 0.001; the reasons' points are exact and may differ from it by that.
    `fit` is the part of the trait rules, `engagement` the rest. `exact` and `exact_engagement` are points and
    engagement before they were rounded.
    """

    points: float
    fit: float
    engagement: float
    reasons: tuple[Reason, ...]
    exact: float
    exact_engagement: float


def price(known: Known, matrix: Matrix, day: int) -> Score:
    """Return the score at the end of a day (UTC ordinal): later days do not exist yet."""
    done, are = list(_behaviour(known.counts, matrix, day)), list(_traits(known, matrix, day))
    cuts_of_done, cuts_of_are = list(_cuts(done, matrix)), list(_cuts(are, matrix))
    by_time = [*_inactivity(known.counts, matrix, day), *_adjustments(known.counts, matrix, day)]
    reasons = (*done, *are, *cuts_of_done, *cuts_of_are, *by_time)
    total, fit = _sum(reasons), _sum((*are, *cuts_of_are))
    engagement = _sum((*done, *cuts_of_done, *by_time))
    return Score(
        points=_rounded(total),
        fit=_rounded(fit),
        engagement=_rounded(engagement),
        reasons=reasons,
        exact=total,
        exact_engagement=engagement,
    )


def points(known: Known, matrix: Matrix, day: int) -> float:
    """Return the points of `price` alone, in the short way where nothing but rules can give any."""
    if matrix.traits or matrix.groups or matrix.inactivity or ADJUSTMENTS in known.counts:
        return price(known, matrix, day).points
    rules_of = matrix.rules_of
    # A person has done few of the things that a matrix asks for.
    given = [
        worth(rule, days, day).points for key, days in known.counts.items() for rule in rules_of.get(key, ())
    ]
    return _rounded(fsum(given))


def _sum(reasons: Iterable[Reason]) -> float:
    # fsum rounds once, at the end, so the total does not depend on the order of the lines.
    return fsum([reason.points for reason in reasons])


def _rounded(total: float) -> float:
    # No score is -0.0.
    return round(total, DIGITS) + 0.0


def _behaviour(counts: Counts, matrix: Matrix, day: int) -> Iterator[Reason]:
    for rule in matrix.rules:
        days = counts.get(rule.count_key)
        if days:
            points, matches, paid = worth(rule, days, day)
            if matches:
                yield Reason(rule=rule.id, label=rule.title, points=points, count=matches, paid=paid)


def _traits(known: Known, matrix: Matrix, day: int) -> Iterator[Reason]:
    if matrix.traits:
        traits = known.traits.at(day)
        for rule in matrix.traits:
            if rule.holds(traits):
                yield Reason(rule=rule.id, label=rule.title, points=rule.points, count=1, paid=1)


def _cuts(reasons: Iterable[Reason], matrix: Matrix) -> Iterator[Reason]:
    """Yield what the caps of groups take from their rules' sum, or give back to it."""
    if matrix.groups:
        for name, cut in cuts_of_groups(((one.rule, one.points) for one in reasons), matrix):
            label = f"Group {name} within {matrix.groups[name].cap:g}"
            yield Reason(rule=f"{GROUP}{name}", label=label, points=cut, count=0, paid=0)


def cuts_of_groups(lines: Iterable[tuple[str, float]], matrix: Matrix) -> Iterator[tuple[str, float]]:
    """Yield (group, points) of those whose cap cuts off something of what their rules give together."""
    points: dict[str, list[float]] = {}
    for rule_id, given in lines:
        group = matrix.group_of.get(rule_id)
        if group is not None:
            points.setdefault(group, []).append(given)
    for name, group in matrix.groups.items():
        total = fsum(points.get(name, ()))
        cut = capped(total, group.cap) - total
        if cut:
            yield name, cut


def total_of(lines: Sequence[tuple[str, float]], matrix: Matrix) -> float:
    """Return the points of `price` that (rule, points) make, or would make, in the groups of a matrix."""
    cuts = cuts_of_groups(lines, matrix)
    return _rounded(fsum([points for of in (lines, cuts) for _, points in of]))


def _inactivity(counts: Counts, matrix: Matrix, day: int) -> Iterator[Reason]:
    if matrix.inactivity is None:
        return
    last = last_active(counts, day)
    if last is not None and (steps := matrix.inactivity.steps(day - last)):
        label, points = f"Nothing done for {day - last} days", matrix.inactivity.taken(steps)
        yield Reason(rule=INACTIVITY_RULE, label=label, points=points, count=steps, paid=steps)


def last_active(counts: Counts, until: int) -> int | None:
    """Return the last day up to one on which a human did anything, if there is one."""
    days = counts.get(ACTIVITY, {})
    if isinstance(days, Past):
        return days.latest(until)
    return max((day for day in days if day <= until), default=None)


def adjustments(counts: Counts, model: str | None) -> Iterator[tuple[int, Adjustment, int]]:
    """Yield (day, adjustment, how often) of those that were made in a model."""
    for day, values in sorted(counts.get(ADJUSTMENTS, {}).items()):
        for text, times in sorted(values.items()):
            adjustment = _adjustment(text)
            if adjustment.model == model:
                yield day, adjustment, times


_adjustment = lru_cache(maxsize=4096)(msgspec.json.Decoder(Adjustment).decode)


def _adjustments(counts: Counts, matrix: Matrix, day: int) -> Iterator[Reason]:
    if ADJUSTMENTS not in counts:
        return
    for since, given, times in adjustments(counts, matrix.model):
        if since <= day and (given.until is None or day <= given.until.toordinal()):
            yield Reason(
                rule=ADJUSTMENT_RULE, label=given.reason, points=given.points * times, count=times, paid=times
            )
