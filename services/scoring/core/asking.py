"""Asking: which traits anybody needs to know to price a person."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final, assert_never

from services.scoring.model.matrix import Matrix
from shared.conditions import AllOf, AnyOf, Condition, Matches, Not

COMPANY_TRAITS: Final = frozenset({"company", "email_domain"})
"""The traits that tell the company of a person, whatever a matrix asks."""


def traits_asked(matrices: Iterable[Matrix]) -> frozenset[str]:
    """Return the names of the traits on which a score, a state or a company may depend."""
    names = set(COMPANY_TRAITS)
    for matrix in matrices:
        names.update(matrix.requires)
        conditions = chain((rule.when for rule in matrix.traits), matrix.excludes)
        names.update(name for condition in conditions for name in _names(condition))
    return frozenset(names)


def _names(condition: Condition) -> Iterator[str]:
    match condition:
        case Matches(where=where):
            yield from where
        case AllOf(all=parts) | AnyOf(any=parts):
            for part in parts:
                yield from _names(part)
        case Not(not_=part):
            yield from _names(part)
        case _:
            assert_never(condition)
