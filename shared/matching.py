"""Matching: a condition as a function of an interaction, compiled once and run on every interaction."""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import translate
from re import compile as compile_pattern
from typing import Any, Final, TypeAlias, assert_never

from shared.comparison import Comparison
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not
from shared.events import Interaction
from shared.folding import folded
from shared.known import MISSING, is_known

_NUMBERS: Final = frozenset({int, float})

Predicate: TypeAlias = Callable[[Interaction], bool]
Reader: TypeAlias = Callable[[Interaction], Any]


def reader(path: str) -> Reader:
    """Return a reader of a path: `campaign`, `source`, or a (dotted) path into the properties."""
    if path == "campaign":
        return lambda interaction: known_or_missing(interaction.campaign)
    if path == "source":
        return lambda interaction: known_or_missing(interaction.source)
    if "." not in path:
        return lambda interaction: known_or_missing(interaction.properties.get(path))
    steps = path.split(".")

    def walk(interaction: Interaction) -> Any:
        # A tracker may send a flat key with dots in it, and then that key is what is meant.
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
    """Return a JSON value, or MISSING when it tells nothing."""
    # Every rule asks it of every interaction, and most values are texts whose first character shows.
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
                wanted = types or frozenset()
                return lambda interaction: interaction.type in wanted
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


def compile_comparison(test: Comparison) -> Callable[[Any], bool]:
    """Return the test as a function of a value, which may be MISSING."""
    checks = list(_checks(test))
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(holds(value) for holds in checks)


def _checks(test: Comparison) -> Iterator[Callable[[Any], bool]]:
    for name in test.model_fields_set:
        operand = getattr(test, name)
        yield _OPERATORS[name](operand)


def _same(left: Any, right: Any) -> bool:
    # In Python True == 1; in JSON they are two things.
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _number(value: Any) -> bool:
    # By exact type, as JSON has it: to isinstance True would be a number.
    return type(value) in _NUMBERS


def _contains(operand: Any) -> Callable[[Any], bool]:
    def holds(value: Any) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, list) and any(_same(element, operand) for element in value)

    return holds


def _matches_any(operand: list[str]) -> Callable[[Any], bool]:
    parts = [folded(part) for part in operand]

    def holds(value: Any) -> bool:
        if isinstance(value, list):
            return any(holds(element) for element in value)
        if not isinstance(value, str):
            return False
        text = folded(value)
        return any(part in text for part in parts)

    return holds


def _glob(operand: str) -> Callable[[Any], bool]:
    matches = compile_pattern(translate(operand)).match
    return lambda value: isinstance(value, str) and matches(value) is not None


_OPERATORS: Mapping[str, Callable[[Any], Callable[[Any], bool]]] = {
    "eq": lambda operand: lambda value: _same(value, operand),
    "in_": lambda operand: lambda value: any(_same(value, one) for one in operand),
    "contains": _contains,
    "starts_with": lambda operand: lambda value: isinstance(value, str) and value.startswith(operand),
    "glob": _glob,
    "gt": lambda operand: lambda value: _number(value) and value > operand,
    "gte": lambda operand: lambda value: _number(value) and value >= operand,
    "lt": lambda operand: lambda value: _number(value) and value < operand,
    "lte": lambda operand: lambda value: _number(value) and value <= operand,
    "between": lambda operand: lambda value: _number(value) and operand[0] <= value <= operand[1],
    "exists": lambda operand: lambda value: (value is not MISSING) == operand,
    "missing": lambda operand: lambda value: (value is MISSING) == operand,
    "matches_any": _matches_any,
}
