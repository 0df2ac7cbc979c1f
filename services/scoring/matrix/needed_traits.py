"""Which traits must be read to price a profile."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from services.scoring.matrix.matrix import Matrix
from shared.conditions import Condition, Matches, children
from shared.known_traits import sources

COMPANY_TRAITS: Final = frozenset({"company", "email_domain"})
"""The traits that determine the company of a profile, whatever a matrix asks."""


def needed_traits(matrices: Iterable[Matrix]) -> frozenset[str]:
    """Return our names of the traits on which a score, a state or a company may depend."""
    names: set[str] = set()
    for matrix in matrices:
        names.update(matrix.requires)
        conditions = chain((rule.when for rule in matrix.traits), matrix.excludes)
        names.update(name for condition in conditions for name in _names(condition))
    return COMPANY_TRAITS.union(*map(sources, names))


def _names(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Matches):
        yield from condition.where
    for part in children(condition):
        yield from _names(part)
