"""Whether every profile with some traits meets one of several conditions on traits.

A world is what may be known about a profile: which traits it has, and which tests they meet. A condition is
true or false in a world, or open while too little of the world is decided. An open atom is tried both ways
until everything is decided. So the result is never wrong: a condition found to hold for all profiles does,
whatever the tests ask. The search is bounded; beyond the bound it finds nothing.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, assert_never

from services.scoring.matrix.contradictions import contradiction
from services.scoring.matrix.warnings.presence import needs_something, of_value
from shared.comparison import Comparison
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not
from shared.known_traits import canonical
from shared.matching import compile_comparison

MAX_LOOKED_AT: Final = 20_000
"""How many tests are looked at, over all questions about a matrix: some ten milliseconds."""


class _Atom(NamedTuple):
    """The statement that a trait is known, or, with a test, that the trait meets it."""

    trait: str
    test: str = ""


class _World(NamedTuple):
    """What is decided: which atoms hold or do not, and the exact value of some traits."""

    settled: Mapping[_Atom, bool]
    values: Mapping[str, Any]

    def with_(self, atom: _Atom, holds: bool, value: Any) -> "_World":
        values = self.values if value is None or not holds else {**self.values, atom.trait: value}
        return _World({**self.settled, atom: holds}, values)


_Truth: TypeAlias = bool | _Atom
"""Whether something holds in a world; if that is open, the atom on which it depends."""
_Term: TypeAlias = Callable[[_World], _Truth]


class _EnoughError(Exception):
    """The search has reached its bound."""


class Worlds:
    """Questions about the conditions of one matrix, which must outlive them, and the rest of their budget."""

    def __init__(self) -> None:
        self._left = MAX_LOOKED_AT
        self._values: dict[_Atom, Any] = {}
        # By the id of the condition itself, because the same conditions are asked about many times.
        self._terms: dict[int, _Term] = {}

    def all_under(
        self,
        conditions: Sequence[Condition],
        *,
        known: Iterable[str] = (),
        unknown: Collection[str] = (),
        meeting: Condition | None = None,
    ) -> bool:
        """Return whether every profile that has some traits and lacks others meets one of the conditions.

        With `meeting` only profiles that also meet that condition count; without `conditions` the answer is
        then whether no such profile can exist. When the budget does not suffice the answer is False.
        """
        settled = {_Atom(canonical(name)): True for name in known}
        settled |= {_Atom(canonical(name)): False for name in unknown}
        under = _any_of([self._term(condition) for condition in conditions])
        required = _all_of([] if meeting is None else [self._term(meeting)])
        try:
            return self._covered(under, required, _World(settled, {}))
        except _EnoughError:
            return False

    def _covered(self, under: _Term, required: _Term, world: _World) -> bool:
        is_met = required(world)
        if is_met is False:
            return True
        is_under = under(world)
        if is_under is True:
            return True
        atom = is_met if is_met is not True else is_under
        if not isinstance(atom, _Atom):
            return False
        value = self._values.get(atom)
        return all(self._covered(under, required, world.with_(atom, holds, value)) for holds in (False, True))

    def _term(self, condition: Condition) -> _Term:
        term = self._terms.get(id(condition))
        if term is None:
            term = self._terms[id(condition)] = self._read(condition)
        return term

    def _read(self, condition: Condition) -> _Term:
        match condition:
            case Matches(where=where):
                return _all_of([self._test(canonical(trait), test) for trait, test in where.items()])
            case AllOf(all=parts):
                return _all_of([self._term(part) for part in parts])
            case AnyOf(any=parts):
                return _any_of([self._term(part) for part in parts])
            case Not(not_=part):
                return _not(self._term(part))
            case _:
                assert_never(condition)

    def _test(self, trait: str, comparison: Comparison) -> _Term:
        operands = {operator.name: operand for operator, operand in of_value(comparison)}
        atom = _Atom(trait, json.dumps(operands, sort_keys=True))
        if (value := _very_value(comparison)) is not None:
            self._values[atom] = value
        is_met, is_possible, wants = (
            compile_comparison(comparison),
            contradiction(comparison) is None,
            needs_something(comparison),
        )

        def term(world: _World) -> _Truth:
            self._left -= 1
            if self._left < 0:
                raise _EnoughError
            if not is_possible:
                return False
            is_known = _is_known(trait, world)
            if is_known is None:
                return _Atom(trait)
            if not operands or not is_known:
                return is_known == wants
            if trait in world.values:
                return is_met(world.values[trait])
            return world.settled.get(atom, atom)

        return term


def _very_value(comparison: Comparison) -> Any:
    """Return the only value that meets a test, if its single operator names it; else None."""
    match of_value(comparison):
        case [(operator, operand)] if operator.only_values and operator.only_values(operand) == [operand]:
            return operand
        case _:
            return None


def _is_known(trait: str, world: _World) -> bool | None:
    is_known = world.settled.get(_Atom(trait))
    if is_known is None and trait == "email_domain" and world.settled.get(_Atom("email")):
        # An address has a domain.
        return True
    return is_known


def _all_of(terms: Sequence[_Term]) -> _Term:
    return lambda world: _joined(terms, world, decides=False)


def _any_of(terms: Sequence[_Term]) -> _Term:
    return lambda world: _joined(terms, world, decides=True)


def _joined(terms: Sequence[_Term], world: _World, *, decides: bool) -> _Truth:
    """Return `decides` if any term is that, its opposite if all terms are the opposite, else an open atom."""
    open_: _Atom | None = None
    for term in terms:
        truth = term(world)
        if truth is decides:
            return decides
        if isinstance(truth, _Atom):
            open_ = open_ or truth
    return open_ or (not decides)


def _not(term: _Term) -> _Term:
    def negated(world: _World) -> _Truth:
        truth = term(world)
        return truth if isinstance(truth, _Atom) else not truth

    return negated
