"""Explaining: which day gave how much to each rule, what the limit left unpaid and what time has taken."""

from services.scoring.core.pricing import Known
from services.scoring.core.worth import Day, by_day
from services.scoring.model.matrix import Matrix


def days_of_rules(known: Known, matrix: Matrix, day: int) -> dict[str, list[Day]]:
    """Return, by the id of each behaviour rule that has matches, its days up to `day` (UTC ordinal).

    Rules stand in matrix order, the earliest day first. The points are those before the caps, so they add
    up to the rule's reason in `price` unless its cap cut it.
    """
    each = ((rule, known.counts.get(rule.count_key)) for rule in matrix.rules)
    found = ((rule.id, by_day(rule, days, day)) for rule, days in each if days)
    return {rule_id: days for rule_id, days in found if days}
