"""Matching: a condition as a function of an interaction, compiled once and run on every interaction."""

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

from shared.comparison import Comparison, operators
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not
from shared.countable import Countable
from shared.known import MISSING, is_known
from shared.operators.operator import ValueTest

Predicate: TypeAlias = Callable[[Countable], bool]
Reader: TypeAlias = Callable[[Countable], Any]


def reader(path: str) -> Reader:
    """Return a reader of a path: `campaign`, `source`, or a (dotted) path into the properties."""
    if path == "campaign":
        return lambda interaction: known_or_missing(interaction.campaign)
    if path == "source":
        return lambda interaction: known_or_missing(interaction.source)
    if "." not in path:
        return lambda interaction: known_or_missing(interaction.properties.get(path))
    steps = path.split(".")

    def walk(interaction: Countable) -> Any:
        # A tracker may send a flat key with dots in it, and then that key is meant.
        found: Any = interaction.properties.get(path)
        if found is None:
            found = interaction.properties
            for step in steps:
                if not isinstance(found, dict):
                    return MISSING
                found = found.get(step)  # pyright: ignore[reportUnknownMemberType] - JSON
        return known_or_missing(found)

    return walk


def known_or_missing(value: Any) -> Any:
    """Return a JSON value, or MISSING when it is not known."""
    # Every rule calls this for every interaction, and most values are texts whose first character is
    # visible.
    if value.__class__ is str and value and "!" <= value[0] <= "~":
        return value
    return MISSING if value is None or not is_known(value) else value


def compile_condition(condition: Condition) -> Predicate:
    """Return the condition as a function of an interaction."""
    match condition:
        case Matches(where=where):
            types = condition.types
            tests = [(reader(path), compile_comparison(test)) for path, test in where.items()]
            if not tests:
                type_names = types or frozenset()
                return lambda interaction: interaction.type in type_names
            if len(tests) == 1:
                ((read, holds),) = tests
                return lambda interaction: (
                    (types is None or interaction.type in types) and holds(read(interaction))
                )
            return lambda interaction: (
                (types is None or interaction.type in types)
                and all(holds(read(interaction)) for read, holds in tests)
            )
        case AllOf(all=parts):
            predicates = [compile_condition(part) for part in parts]
            return lambda interaction: all(holds(interaction) for holds in predicates)
        case AnyOf(any=parts):
            predicates = [compile_condition(part) for part in parts]
            return lambda interaction: any(holds(interaction) for holds in predicates)
        case Not(not_=part):
            inner = compile_condition(part)
            return lambda interaction: not inner(interaction)
        case _:
            assert_never(condition)


def compile_comparison(test: Comparison) -> ValueTest:
    """Return the test as a function of a value, which may be MISSING."""
    tests = [operator.compile(operand) for operator, operand in operators(test)]
    if len(tests) == 1:
        return tests[0]
    return lambda value: all(holds(value) for holds in tests)
