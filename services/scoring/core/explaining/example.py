"""Examples: interactions that would meet a rule, to find how many more reach the flip number. Pure."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, count, repeat, takewhile

import numpy as np

from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import Counts, number_of
from services.scoring.core.counting.tally import value_text
from services.scoring.core.explaining.satisfying import (
    OTHER,
    TYPE,
    Assignment,
    assignments,
    values_for,
    with_value,
)
from services.scoring.core.pricing.limits import period_of, periods_of
from services.scoring.matrix.prices import PERIODS
from services.scoring.matrix.rules import Limit, Rule
from shared.conditions import Condition
from shared.events import Interaction
from shared.known import MISSING
from shared.matching import compile_condition, reader
from shared.vocabulary import NO_ACTIVITY


def examples(rule: Rule, counts: Counts, day: int) -> Iterator[Interaction]:
    """Yield interactions that meet a rule on a day (UTC ordinal), for ever, if any is found.

    They use up as little as they can of a limit `by` a property: interactions that are paid after these
    counts come first. Equal interactions in a row are one object.
    """
    assignment = next(assignments(rule.when, {TYPE: OTHER}, _compiled), None)
    if assignment is None:
        return iter(())
    several = repeat(assignment)
    if rule.limit is not None and rule.limit.by is not None:
        several = chain(_paid(assignment, rule, rule.limit, rule.limit.by, counts, day), several)
    return _interactions(several, day)


def _interactions(several: Iterable[Assignment], day: int) -> Iterator[Interaction]:
    before: Assignment | None = None
    interaction: Interaction | None = None
    for assignment in several:
        if interaction is None or assignment is not before:
            before, interaction = assignment, _interaction(assignment, day)
        yield interaction


def _compiled(condition: Condition) -> Callable[[Assignment], bool]:
    holds = compile_condition(condition)

    def is_met(assignment: Assignment) -> bool:
        return assignment[TYPE] not in NO_ACTIVITY and holds(_interaction(assignment))

    return is_met


def _interaction(assignment: Assignment, day: int = 1) -> Interaction:
    at = datetime.fromordinal(day).replace(tzinfo=UTC)
    properties = {
        path: value for path, value in assignment.items() if path not in {TYPE, "campaign", "source"}
    }
    return Interaction(
        id=OTHER,
        type=assignment[TYPE],
        identities=(),
        occurred_at=at,
        received_at=at,
        campaign=_text_at("campaign", assignment),
        source=_text_at("source", assignment),
        properties=properties,
    )


def _text_at(path: str, assignment: Assignment) -> str | None:
    value = assignment.get(path)
    return value if isinstance(value, str) else None


def _paid(
    assignment: Assignment, rule: Rule, limit: Limit, by: str, counts: Counts, day: int
) -> Iterator[Assignment]:
    """Yield assignments whose values of `by` are still paid, each as often as it is paid."""
    is_met, read, used = _compiled(rule.when), reader(by), _used(rule, limit, counts, day)
    now = assignment.get(by, MISSING)
    named = (with_value(assignment, by, value) for value in (now, *values_for(rule.when, by, now), MISSING))
    for example in chain(filter(is_met, named), _fresh(assignment, by, is_met)):
        number = number_of(value_text(read(_interaction(example))))
        left = limit.times - used.get(number, 0)
        if left > 0:
            used[number] = limit.times
            yield from repeat(example, left)


def _used(rule: Rule, limit: Limit, counts: Counts, day: int) -> dict[int, int]:
    """Return how often each value of `by` was counted in the period of the limit that a day lies in.

    Values are represented by their numbers. Later days of the same period are included.
    """
    rows = Columns([counts], [rule.count_key]).rows(rule.count_key)
    if rows is None:
        return {}
    per = np.full(len(rows.day), PERIODS.index(limit.per))
    of_period = periods_of(rows.day, per) == period_of(day, limit.per)
    if rule.window is not None:
        of_period &= rows.day > day - rule.window
    used: dict[int, int] = {}
    for number, times in zip(rows.by[of_period].tolist(), rows.times[of_period].tolist(), strict=True):
        used[number] = used.get(number, 0) + times
    return used


def _fresh(assignment: Assignment, by: str, is_met: Callable[[Assignment], bool]) -> Iterator[Assignment]:
    """Yield assignments with ever new values of a path, for as long as they meet the condition."""
    now = assignment.get(by, MISSING)
    kinds = [(f"{OTHER} {number}" for number in count())]
    if isinstance(now, str):
        kinds += [(f"{now} {number}" for number in count()), (f"{number} {now}" for number in count())]
    elif isinstance(now, int | float):
        kinds += [count(now), count(now, -1)]
    for values in kinds:
        yield from takewhile(is_met, (with_value(assignment, by, value) for value in values))
