"""The paths of all conditions of a matrix, of their parts, and of the tests on values in them."""

from collections.abc import Iterator
from typing import NamedTuple

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Rule, TraitRule
from shared.comparison import Comparison
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not


class Placed(NamedTuple):
    """A condition, its path, and the id of its rule; an exclusion has no rule."""

    path: str
    rule: str | None
    condition: Condition
    of_traits: bool


class Test(NamedTuple):
    """What a condition asks of one property or trait; `comparison` is the test, `path` its path."""

    path: str
    rule: str | None
    name: str
    comparison: Comparison
    of_traits: bool


def rules(matrix: Matrix) -> Iterator[tuple[str, Rule | TraitRule]]:
    """Yield (path, rule) of all rules."""
    for index, rule in enumerate(matrix.rules):
        yield f"rules.{index}", rule
    for index, trait_rule in enumerate(matrix.traits):
        yield f"traits.{index}", trait_rule


def conditions(matrix: Matrix) -> Iterator[Placed]:
    """Yield the conditions of rules, of trait rules and of exclusions."""
    for path, rule in rules(matrix):
        yield Placed(f"{path}.when", rule.id, rule.when, isinstance(rule, TraitRule))
    for index, condition in enumerate(matrix.excludes):
        yield Placed(f"excludes.{index}", None, condition, of_traits=True)


def leaves(condition: Condition, path: str) -> Iterator[tuple[str, Matches]]:
    """Yield the parts of a condition that have no parts themselves, with their paths."""
    match condition:
        case Matches():
            yield path, condition
        case AllOf(all=parts):
            for index, part in enumerate(parts):
                yield from leaves(part, f"{path}.all.{index}")
        case AnyOf(any=parts):
            for index, part in enumerate(parts):
                yield from leaves(part, f"{path}.any.{index}")
        case Not(not_=part):
            yield from leaves(part, f"{path}.not")


def types(placed: Placed) -> Iterator[tuple[str, str]]:
    """Yield (path, type) for each type of interaction that a condition names."""
    for path, leaf in leaves(placed.condition, placed.path):
        yield from types_of(leaf, path)


def types_of(leaf: Matches, path: str) -> Iterator[tuple[str, str]]:
    """Yield (path, type) for each type that a part of a condition names."""
    if isinstance(leaf.type, str):
        yield f"{path}.type", leaf.type
    for index, type_ in enumerate(leaf.type if isinstance(leaf.type, list) else ()):
        yield f"{path}.type.{index}", type_


def tests(placed: Placed) -> Iterator[Test]:
    """Yield all tests of a condition on values."""
    for path, leaf in leaves(placed.condition, placed.path):
        yield from tests_of(leaf, path, placed)


def tests_of(leaf: Matches, path: str, placed: Placed) -> Iterator[Test]:
    """Yield the tests of a part of a condition on values; traits are written without a `where`."""
    below = path if placed.of_traits else f"{path}.where"
    for name, comparison in leaf.where.items():
        yield Test(f"{below}.{name}", placed.rule, name, comparison, placed.of_traits)
