"""The names that events bring: types, properties and traits, with the form that their values have in JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from services.scoring.matrix.seen_names import MAX_PARTS
from shared.events import Interaction
from shared.names import MAX_NAME_LENGTH
from shared.vocabulary import NEVER_COUNTED

Kind: TypeAlias = Literal["type", "property", "trait"]
KINDS: Final[tuple[Kind, ...]] = ("property", "trait", "type")

_FORMS: Final[Mapping[type, str]] = {
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
    type(None): "null",
}


class Name(NamedTuple):
    """A name that was seen; `form` is the JSON form of a property's or trait's value, '' for a type.

    The path of a property has dots between its parts, as conditions write it.
    """

    kind: Kind
    name: str
    form: str = ""


def names_in(interactions: Iterable[Interaction]) -> set[Name]:
    """Return the names that interactions bring, except names that no matrix can ask for."""
    types: set[str] = set()
    properties: set[tuple[str, type]] = set()
    traits: set[tuple[str, type]] = set()
    for interaction in interactions:
        types.add(interaction.type)
        if interaction.properties and interaction.type not in NEVER_COUNTED:
            properties.update(_shapes(interaction.properties))
        if interaction.traits:
            traits.update([(name, value.__class__) for name, value in interaction.traits.items()])
    found: set[Name] = {Name("type", name) for name in types}
    found |= {Name("property", name, _FORMS[shape]) for name, shape in properties}
    found |= {Name("trait", name, _FORMS[shape]) for name, shape in traits}
    return {seen for seen in found if 0 < len(seen.name) <= MAX_NAME_LENGTH and "\0" not in seen.name}


def _shapes(properties: Mapping[str, Any]) -> Iterator[tuple[str, type]]:
    for name, value in properties.items():
        yield name, value.__class__
        if value.__class__ is dict and "." not in name:
            yield from _below(name, value, 2)


def _below(path: str, value: Mapping[str, Any], parts: int) -> Iterator[tuple[str, type]]:
    for name, inner in value.items():
        # A key that contains a dot can be reached by a path only at the top.
        if "." in name:
            continue
        yield f"{path}.{name}", inner.__class__
        if inner.__class__ is dict and parts < MAX_PARTS:
            yield from _below(f"{path}.{name}", inner, parts + 1)
