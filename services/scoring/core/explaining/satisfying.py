"""Satisfying: assignments of values to paths under which a condition is met, or no longer met. Pure.

They combine values that a condition names, and values near them. Each is tested against the whole condition
before it is returned. So an assignment is always right, but for a contrived condition none may be found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeAlias

from shared.comparison import Comparison, operators
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not, children
from shared.known import MISSING
from shared.matching import compile_comparison
from shared.operators.operator import Operator, TextUse
from shared.vocabulary import NO_ACTIVITY

Assignment: TypeAlias = Mapping[str, Any]
"""value by path (or trait); a missing value is left out"""

AssignmentTest: TypeAlias = Callable[[Assignment], bool]

TYPE: Final = ""
"""The path of an interaction's type: no path that a matrix may name is empty."""

OTHER: Final = "example"
"""A value to use where any value that the condition does not name will do."""

# Enough for all but the most entangled conditions, and it takes a few milliseconds.
_MAX_STEPS: Final = 500
_NUMBERS_NEAR: Final = (1, -1, 0.5, -0.5, 0.001, -0.001)


def assignments(
    condition: Condition,
    now: Assignment,
    compiled: Callable[[Condition], AssignmentTest],
    *,
    met: bool = True,
) -> Iterator[Assignment]:
    """Yield changes of `now` by which a condition is met, or with `met=False` is not met.

    `compiled` turns a condition into a function of an assignment.
    """
    search = _Search(compiled)
    return (
        assignment
        for assignment in search.assignments(condition, now, met=met)
        if search.holds(condition, assignment) == met
    )


def values_for(condition: Condition, path: str, now: Any) -> list[Any]:
    """Return values that a condition names for a path, and values near them; `now` is the present value."""
    named = [value for part in children(condition) for value in values_for(part, path, now)]
    if isinstance(condition, Matches) and path in condition.where:
        named += _candidates(condition.where[path], now)
    return named


def with_value(assignment: Assignment, path: str, value: Any) -> Assignment:
    """Return an assignment with another value of a path, which may be MISSING."""
    others = {name: value for name, value in assignment.items() if name != path}
    return others if value is MISSING else {**others, path: value}


class _Search:
    """A search that gives up after a number of steps: later assignments are not found."""

    def __init__(self, compiled: Callable[[Condition], AssignmentTest]) -> None:
        self._compiled = compiled
        self._tests: dict[int, AssignmentTest] = {}
        self._steps = _MAX_STEPS

    def holds(self, condition: Condition, assignment: Assignment) -> bool:
        """Return whether an assignment meets a condition, or a part of it."""
        # A part belongs to the condition that is searched, so it stays alive and its id is not reused.
        if id(condition) not in self._tests:
            self._tests[id(condition)] = self._compiled(condition)
        return self._tests[id(condition)](assignment)

    def assignments(self, condition: Condition, assignment: Assignment, *, met: bool) -> Iterator[Assignment]:
        """Yield changes of an assignment that probably meet a condition, or fail it; the smallest first."""
        self._steps -= 1
        if self._steps < 0:
            return
        if self.holds(condition, assignment) == met:
            yield assignment
        match condition:
            case Matches():
                yield from self._meeting(condition, assignment) if met else _failing(condition, assignment)
            case Not(not_=part):
                yield from self.assignments(part, assignment, met=not met)
            case AllOf(all=parts) | AnyOf(any=parts):
                # To fail `any`, every part must fail; to fail `all`, one failing part is enough.
                if isinstance(condition, AllOf) == met:
                    yield from self._in_turn(parts, assignment, met=met)
                else:
                    for part in parts:
                        yield from self.assignments(part, assignment, met=met)

    def _in_turn(
        self, parts: Sequence[Condition], assignment: Assignment, *, met: bool, done: int = 0
    ) -> Iterator[Assignment]:
        if done == len(parts):
            yield assignment
            return
        for changed in self.assignments(parts[done], assignment, met=met):
            # What the next part asks for may undo a change for an earlier part.
            if all(self.holds(part, changed) == met for part in parts[: done + 1]):
                yield from self._in_turn(parts, changed, met=met, done=done + 1)

    def _meeting(self, condition: Matches, assignment: Assignment) -> Iterator[Assignment]:
        types = condition.types
        if types is None or assignment.get(TYPE) in types:
            yield from self._with_values(list(condition.where.items()), assignment)
        else:
            for type_ in sorted(types - NO_ACTIVITY):
                yield from self._with_values(list(condition.where.items()), {**assignment, TYPE: type_})

    def _with_values(
        self, tests: Sequence[tuple[str, Comparison]], assignment: Assignment
    ) -> Iterator[Assignment]:
        if not tests:
            yield assignment
            return
        (path, test), *others = tests
        for value in _values(test, assignment.get(path, MISSING), met=True):
            self._steps -= 1
            if self._steps < 0:
                return
            yield from self._with_values(others, with_value(assignment, path, value))


def _failing(condition: Matches, assignment: Assignment) -> Iterator[Assignment]:
    for path, test in condition.where.items():
        for value in _values(test, assignment.get(path, MISSING), met=False):
            yield with_value(assignment, path, value)
    if condition.types is not None:
        yield {**assignment, TYPE: OTHER}


def _values(test: Comparison, now: Any, *, met: bool) -> Iterator[Any]:
    holds = compile_comparison(test)
    return (value for value in [now, *_candidates(test, now), MISSING] if holds(value) == met)


def _candidates(test: Comparison, now: Any) -> list[Any]:
    """Return values that a test names, and values near them or combined with the present value."""
    named: list[Any] = []
    parts: list[str] = []
    for operator, operand in sorted(operators(test), key=_rank):
        candidates = operator.candidates(operand)
        named += candidates
        # A text may contain one of several parts, and all parts that several operators ask for.
        if operator.text is not None and not operator.text.is_whole:
            parts += [value for value in candidates if isinstance(value, str)][:1]
    numbers = sorted(
        value for value in named if isinstance(value, int | float) and not isinstance(value, bool)
    )
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    near = [number + more for number in numbers for more in _NUMBERS_NEAR]
    joined = [text for value in parts if isinstance(now, str) for text in (now + value, value + now)]
    return [*named, *between, *near, "".join(parts), *joined, OTHER, 0]


def _rank(use: tuple[Operator, Any]) -> int:
    """Return the rank of an operator: whole values first, then texts in the order in which to join them."""
    match use[0].text:
        case TextUse(is_whole=True):
            return 0
        case TextUse(from_start=True, to_end=False):
            return 1
        case TextUse(from_start=False, to_end=False):
            return 2
        case TextUse(has_wildcards=True):
            return 3
        case TextUse():
            return 4
        case None:
            return 5
