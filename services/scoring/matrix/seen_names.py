"""The names that have been seen so far and the forms of their values, to compare a matrix with them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from shared.operators.operator import JsonTypes

MAX_PARTS: Final = 3
"""Conditions read deeper paths, but they are not stored: the keys of nested objects may be random."""

_NOTHING: Final = "null"


class SeenNames(NamedTuple):
    """The types of interaction that came, and the properties and traits with the forms of their values.

    `kinds` are those of the asked kinds of identity that came. `cut` are the kinds of names (type, property,
    trait) that reached the limit, so later names were not stored.
    """

    types: frozenset[str] = frozenset()
    properties: Mapping[str, JsonTypes] = {}
    traits: Mapping[str, JsonTypes] = {}
    kinds: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()


def gathered(
    rows: Iterable[tuple[str, str, str]], *, kinds: Iterable[str] = (), cut: Collection[str] = ()
) -> SeenNames:
    """Return what has been seen, from (kind of name, name, form); a name may have several forms."""
    types: set[str] = set()
    forms: dict[str, dict[str, JsonTypes]] = {"property": {}, "trait": {}}
    for kind, name, form in rows:
        if kind == "type":
            types.add(name)
        else:
            of_kind = forms[kind]
            of_kind[name] = of_kind.get(name, frozenset()) | ({form} - {_NOTHING})
    return SeenNames(frozenset(types), forms["property"], forms["trait"], frozenset(kinds), frozenset(cut))
