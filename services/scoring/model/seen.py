"""What has been seen so far, as far as a matrix is held against it: names, and the forms of their values."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from shared.operators.operator import Forms

MAX_PARTS: Final = 3
"""Deeper paths are read by conditions, but not kept: who nests objects may name their keys at random."""

_NOTHING: Final = "null"


class Seen(NamedTuple):
    """The types of interaction that came, and the properties and traits with the forms of their values.

    `kinds` are the kinds of identity that came, of those that were asked for. `cut` are the kinds of names
    (type, property, trait) of which so many came that later ones were not kept.
    """

    types: frozenset[str] = frozenset()
    properties: Mapping[str, Forms] = {}
    traits: Mapping[str, Forms] = {}
    kinds: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()


def gathered(
    rows: Iterable[tuple[str, str, str]], *, kinds: Iterable[str] = (), cut: Collection[str] = ()
) -> Seen:
    """Return what has been seen from (kind of name, name, form) of all names, whose forms may be several."""
    types: set[str] = set()
    forms: dict[str, dict[str, Forms]] = {"property": {}, "trait": {}}
    for kind, name, form in rows:
        if kind == "type":
            types.add(name)
        else:
            of_kind = forms[kind]
            of_kind[name] = of_kind.get(name, frozenset()) | ({form} - {_NOTHING})
    return Seen(frozenset(types), forms["property"], forms["trait"], frozenset(kinds), frozenset(cut))
