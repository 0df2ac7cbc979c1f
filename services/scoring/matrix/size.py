"""How large a matrix may be as a whole, besides the limits of each of its parts."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from services.scoring.matrix.matrix import Matrix
from shared.conditions import Condition, Matches, children
from shared.conditions import named_types as types_in
from shared.errors import Complaint

MAX_VALUES: Final = 50_000
"""Values in the JSON of a matrix; reading this many takes a second."""
MAX_NAMES: Final = 1_000
"""Names of types, of properties and of traits."""
MAX_TESTS: Final = 5_000
"""Tests in all conditions together, of a type or of a value; more would cost milliseconds per event."""


def has_too_many_values(document: Any) -> bool:
    """Return whether a JSON document has more than MAX_VALUES values, without visiting all of them."""
    found = 0
    containers = [document] if isinstance(document, dict | list) else []
    while containers:
        container = containers.pop()
        inner = container.values() if isinstance(container, dict) else container
        found += len(container)
        if found > MAX_VALUES:
            return True
        containers.extend(part for part in inner if isinstance(part, dict | list))
    return False


def named_types(matrix: Matrix) -> frozenset[str]:
    """Return the types of interaction that the rules name, also in a `not`."""
    return frozenset[str]().union(*(types_in(rule.when) for rule in matrix.rules))


def oversized(matrix: Matrix) -> Iterator[Complaint]:
    """Yield a complaint for each limit that a matrix exceeds."""
    of_rules = list(_leaves(rule.when for rule in matrix.rules))
    of_traits = list(_leaves([*(rule.when for rule in matrix.traits), *matrix.excludes]))
    properties = {name for leaf in of_rules for name in leaf.where}
    properties.update(rule.limit.by for rule in matrix.rules if rule.limit is not None and rule.limit.by)
    traits = {name for leaf in of_traits for name in leaf.where} | set(matrix.requires)
    for field, kind, names in (
        ("rules", "types of interaction", named_types(matrix)),
        ("rules", "properties", properties),
        ("traits", "traits", traits),
    ):
        if len(names) > MAX_NAMES:
            message = f"a matrix names at most {MAX_NAMES:,} {kind}; this one names {len(names):,}."
            yield Complaint(field=field, message=message)
    tests = sum(len(leaf.where) + len(leaf.types or ()) for leaf in (*of_rules, *of_traits))
    if tests > MAX_TESTS:
        message = f"the conditions ask at most {MAX_TESTS:,} things in all; these ask {tests:,}."
        yield Complaint(field="rules", message=message)


def _leaves(conditions: Iterable[Condition]) -> Iterator[Matches]:
    for condition in conditions:
        if isinstance(condition, Matches):
            yield condition
        yield from _leaves(children(condition))
