"""Prices that limit nothing or pay twice: points, caps, groups, and duplicates."""

from collections.abc import Iterator

from services.scoring.matrix.bounds import most_together, uncapped
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.paths import rules
from services.scoring.matrix.rules import Rule
from services.scoring.matrix.warnings.warning import MatrixWarning
from shared.conditions import fingerprint


def odd_prices(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield rules without points, and caps that cut a single match or nothing at all."""
    for path, rule in rules(matrix):
        if not rule.points:
            yield MatrixWarning(f"{path}.points", "no_points", f"{rule.id} gives no points", rule.id)
        elif isinstance(rule, Rule) and rule.cap is not None:
            field, points = f"{path}.cap", abs(rule.points)
            if rule.cap < points:
                message = f"a single match is {points:.10g} points already, of which {rule.cap:.10g} count"
                yield MatrixWarning(field, "cap_below_points", message, rule.id)
            elif (ever := uncapped(rule)) < rule.cap:
                message = f"the limit holds the rule at {ever:.10g} points already, below this cap"
                yield MatrixWarning(field, "cap_idle", message, rule.id)


def idle_groups(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield groups whose cap cuts nothing."""
    for name, group in matrix.groups.items():
        largest = max(most_together(matrix, group.rules, sign=sign) for sign in (1, -1))
        if largest <= group.cap:
            message = f"the group's rules come to {largest:.10g} points at most, so this cap cuts nothing"
            yield MatrixWarning(f"groups.{name}.cap", "group_cap_idle", message)


def repeated(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield rules, exclusions and required traits that occur twice."""
    yield from _repeated_rules(matrix)
    first: dict[str, int] = {}
    for index, condition in enumerate(matrix.excludes):
        other = first.setdefault(fingerprint(condition, None), index)
        if other != index:
            message = f"asks exactly what excludes.{other} asks"
            yield MatrixWarning(f"excludes.{index}", "exclusion_repeated", message)
    for index, name in enumerate(matrix.requires):
        if name in matrix.requires[:index]:
            yield MatrixWarning(f"requires.{index}", "requires_repeated", f"{name} is required already")


def _repeated_rules(matrix: Matrix) -> Iterator[MatrixWarning]:
    first: dict[object, str] = {}
    for path, rule in rules(matrix):
        if isinstance(rule, Rule):
            key = (rule.count_key, rule.limit, rule.half_life, rule.window, rule.cap)
        else:
            key = (fingerprint(rule.when, None),)
        other = first.setdefault((type(rule), key), rule.id)
        if other != rule.id:
            message = f"asks exactly what {other} asks, so both count for the same thing"
            yield MatrixWarning(f"{path}.when", "rule_repeated", message, rule.id)
