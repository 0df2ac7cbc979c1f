"""Pricing: the score of a profile under a matrix on a day, line by line. Pure, and the same for every caller.

Limits and caps are applied here, to sums, the earliest days first. Clamping step by step while events come
in would make the score depend on their order (docs/design.md, idea 3).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, NamedTuple

import numpy as np

from services.scoring.core.counting.adjustments import adjustments
from services.scoring.core.counting.arrays import Indices
from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import Counts
from services.scoring.core.counting.tally import keys_of
from services.scoring.core.pricing.inactivity import idle
from services.scoring.core.pricing.rule_points import rule_lines
from services.scoring.core.profiles.traits import History
from services.scoring.matrix.matrix import ADJUSTMENT_RULE, INACTIVITY_RULE, Matrix
from services.scoring.matrix.rules import DIGITS, TraitRule
from shared.events import Reason

GROUP: Final = "group:"
"""The prefix in the `rule` of a line for what the cap of a group cuts off; the id of a rule has no colon."""


class ScoreInput(NamedTuple):
    """The input of a score: how often a profile did what on which day, and the traits over time."""

    counts: Counts
    traits: History


@dataclass(frozen=True)
class Score:
    """The points of a profile under a matrix, with a reason for each line that gave or took points.

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


def columns_of(known: Sequence[ScoreInput], *matrices: Matrix) -> Columns:
    """Return the columns that matrices read of profiles."""
    # In the order of the rules, so that their rows are adjacent and need no gathering.
    keys = dict.fromkeys(key for matrix in matrices for key in keys_of(matrix))
    return Columns([score_input.counts for score_input in known], keys)


def holding(known: Sequence[ScoreInput], matrix: Matrix, day: int) -> Iterator[tuple[TraitRule, Indices]]:
    """Yield the trait rules that hold for any profile, and the indices of these profiles."""
    if not matrix.traits:
        return
    traits = [score_input.traits.at(day) for score_input in known]
    for rule in matrix.traits:
        profiles = [index for index, of in enumerate(traits) if rule.holds(of)]
        if profiles:
            yield rule, np.array(profiles)


def price(known: ScoreInput, matrix: Matrix, day: int) -> Score:
    """Return the score at the end of a day (UTC ordinal): later days do not exist yet."""
    return price_columns(known, columns_of([known], matrix), matrix, day)


def price_columns(known: ScoreInput, columns: Columns, matrix: Matrix, day: int) -> Score:
    """Return the score of a profile as `price` does, given the columns of this profile alone."""
    done = list(_behaviour(columns, matrix, day))
    are = [_once(rule.id, rule.title, rule.points) for rule, _ in holding([known], matrix, day)]
    cuts_of_done, cuts_of_are = list(_cuts(done, matrix)), list(_cuts(are, matrix))
    by_time = [*_inactivity(columns, matrix, day), *_adjustments(known.counts, matrix, day)]
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


def _behaviour(columns: Columns, matrix: Matrix, day: int) -> Iterator[Reason]:
    """Yield the lines of one profile."""
    rule, _, count, paid, _, points = (
        column.tolist() for column in rule_lines(columns, matrix, day, exact=True)
    )
    for index, *numbers in zip(rule, points, count, paid, strict=True):
        yield _reason(matrix.rules[index].id, matrix.rules[index].title, *numbers)


def _reason(rule_id: str, label: str, points: float, count: int, paid: int) -> Reason:
    return Reason(rule=rule_id, label=label, points=points, count=count, paid=paid)


def _once(rule_id: str, label: str, points: float) -> Reason:
    return _reason(rule_id, label, points, 1, 1)


def _sum(reasons: Iterable[Reason]) -> float:
    # fsum rounds once, at the end, so the sum does not depend on the order of the lines.
    return fsum([reason.points for reason in reasons])


def _rounded(total: float) -> float:
    # No score is -0.0.
    return round(total, DIGITS) + 0.0


def _cuts(reasons: Iterable[Reason], matrix: Matrix) -> Iterator[Reason]:
    """Yield what the caps of groups take from the sum of their rules, or give back to it."""
    if matrix.groups:
        for name, cut in cuts_of_groups(((reason.rule, reason.points) for reason in reasons), matrix):
            label = f"Group {name} within {matrix.groups[name].cap:g}"
            yield Reason(rule=f"{GROUP}{name}", label=label, points=cut, count=0, paid=0)


def cuts_of_groups(lines: Iterable[tuple[str, float]], matrix: Matrix) -> Iterator[tuple[str, float]]:
    """Yield (group, points) for each group whose cap changes the sum of its rules."""
    points: dict[str, list[float]] = {}
    for rule_id, points_of_rule in lines:
        group = matrix.group_of.get(rule_id)
        if group is not None:
            points.setdefault(group, []).append(points_of_rule)
    for name, group in matrix.groups.items():
        total = fsum(points.get(name, ()))
        cut = max(-group.cap, min(total, group.cap)) - total
        if cut:
            yield name, cut


def total_of(lines: Sequence[tuple[str, float]], matrix: Matrix) -> float:
    """Return the points that `price` gives for the lines (rule, points), in the groups of a matrix."""
    cuts = cuts_of_groups(lines, matrix)
    return _rounded(fsum([points for of in (lines, cuts) for _, points in of]))


def _inactivity(columns: Columns, matrix: Matrix, day: int) -> Iterator[Reason]:
    if matrix.inactivity is None:
        return
    inactive = idle(columns, matrix.inactivity, day)
    if len(inactive.profiles):
        label = f"Nothing done for {inactive.days.item()} days"
        steps = inactive.steps.item()
        yield _reason(INACTIVITY_RULE, label, inactive.points.item(), steps, steps)


def _adjustments(counts: Counts, matrix: Matrix, day: int) -> Iterator[Reason]:
    for since, made, times in adjustments(counts.by_hand, matrix.model):
        if made.holds(since, day):
            yield Reason(
                rule=ADJUSTMENT_RULE, label=made.reason, points=made.points * times, count=times, paid=times
            )
