"""Lines: a score as a sum that adds up on paper, and the score without some of its lines. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final, Literal

from services.scoring.core.explaining.days import Day, days_of_rules
from services.scoring.core.pricing.price import GROUP, Score, ScoreInput, cuts_of_groups, total_of
from services.scoring.matrix.matrix import ADJUSTMENT_RULE, INACTIVITY_RULE, Matrix
from services.scoring.matrix.rules import DIGITS, Rule
from shared.events import Reason

Kind = Literal["behaviour", "trait", "group_cap", "inactivity", "by_hand", "rounding"]

ROUNDING_RULE: Final = "rounding"
_STEPS: Final = 10**DIGITS
_ROUNDING: Final = "Rounding to 0.001"


@dataclass(frozen=True)
class ScoreLine:
    """One line of a score: what gave or took how many points, a multiple of 0.001.

    `index` is the index of its reason in the score, None for a line without a reason; `note` says how limit,
    cap or time changed the rule's points.
    """

    rule: str
    label: str
    kind: Kind
    points: float
    count: int = 0
    paid: int = 0
    note: str | None = None
    index: int | None = None


@dataclass(frozen=True)
class Without:
    """A score without some lines, as a sum: points of these, points of the others, changes of the others.

    `chosen + others` is the score. `others + changes` is the score without the chosen lines: the cap of a
    group cuts less, or more, when the group has fewer lines.
    """

    chosen: float
    others: float
    changes: tuple[ScoreLine, ...]
    score: float


def lines_of(score: Score, known: ScoreInput, matrix: Matrix, day: int) -> list[ScoreLine]:
    """Return the lines of a score, whose points add up to it exactly, in thousandths.

    Each line is rounded like the score. If the rounded lines do not add up, the last line is the difference.
    """
    rules = {rule.id: rule for rule in matrix.rules}
    days = days_of_rules(known, matrix, day)
    lines = [
        ScoreLine(
            rule=reason.rule,
            label=reason.label,
            kind=_kind(reason.rule, rules),
            points=round(reason.points, DIGITS) + 0.0,
            count=reason.count,
            paid=reason.paid,
            note=_note_on(reason, rules[reason.rule], days[reason.rule]) if reason.rule in rules else None,
            index=index,
        )
        for index, reason in enumerate(score.reasons)
    ]
    return [*lines, *_rounding(_steps(score.points) - _sum(lines))]


def without_lines(
    score: Score, lines: Sequence[ScoreLine], indexes: Collection[int], matrix: Matrix
) -> Without:
    """Return the score without the reasons at some indices, and how that adds up."""
    chosen = _sum([line for line in lines if line.index in indexes])
    others = _steps(score.points) - chosen
    left = [
        (reason.rule, reason.points)
        for index, reason in enumerate(score.reasons)
        if index not in indexes and not reason.rule.startswith(GROUP)
    ]
    total = total_of(left, matrix)
    cut = {line.rule: _steps(line.points) for line in lines if line.kind == "group_cap"}
    cut_then = {f"{GROUP}{name}": _steps(points) for name, points in cuts_of_groups(left, matrix)}
    changes = [
        ScoreLine(f"{GROUP}{name}", f"Group {name} within {group.cap:g}", "group_cap", changed / _STEPS)
        for name, group in matrix.groups.items()
        if (changed := cut_then.get(f"{GROUP}{name}", 0) - cut.get(f"{GROUP}{name}", 0))
    ]
    changes += _rounding(_steps(total) - others - _sum(changes))
    return Without(chosen / _STEPS, others / _STEPS, tuple(changes), total)


def _note_on(reason: Reason, rule: Rule, days: Sequence[Day]) -> str | None:
    """Return in words how limit, time and cap changed a rule's points, None if they changed nothing."""
    notes: list[str] = []
    if reason.paid < reason.count:
        notes.append(f"the limit lets {reason.paid} of {reason.count} times be paid")
    if rule.cap is not None or rule.half_life is not None:
        left = round(fsum(day.points for day in days), DIGITS)
        full = reason.paid * rule.points
        if left != round(full, DIGITS):
            notes.append(f"time has left {left:.10g} of {full:.10g} points")
        if rule.cap is not None and abs(left) > rule.cap:
            notes.append(f"the cap holds {left:.10g} points to {reason.points:.10g}")
    return "; ".join(notes) or None


def _kind(rule: str, behaviour: Collection[str]) -> Kind:
    if rule in behaviour:
        return "behaviour"
    if rule.startswith(GROUP):
        return "group_cap"
    if rule == INACTIVITY_RULE:
        return "inactivity"
    return "by_hand" if rule == ADJUSTMENT_RULE else "trait"


def _rounding(steps: int) -> list[ScoreLine]:
    return [ScoreLine(ROUNDING_RULE, _ROUNDING, "rounding", steps / _STEPS)] if steps else []


def _steps(points: float) -> int:
    return round(round(points, DIGITS) * _STEPS)


def _sum(lines: Sequence[ScoreLine]) -> int:
    return sum(_steps(line.points) for line in lines)
