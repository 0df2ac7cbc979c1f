"""Conditions as their JSON reads, for the operators that the worlds use."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from unicodedata import combining, normalize

from shared.events import Interaction

Json = Mapping[str, Any]
# null counts as absent, and so does a value without anything to read in it
_ABSENT = None
# Names that the worlds use for a trait, and the trait.
_NAMES = {"jobTitle": "title", "companyName": "company", "company.name": "company"}


def met_by_interaction(when: Json, interaction: Interaction) -> bool:
    """Return whether an interaction meets a rule's condition."""
    if "all" in when:
        return all(met_by_interaction(part, interaction) for part in when["all"])
    if "any" in when:
        return any(met_by_interaction(part, interaction) for part in when["any"])
    if "not" in when:
        return not met_by_interaction(when["not"], interaction)
    if "type" in when:
        types = [when["type"]] if isinstance(when["type"], str) else when["type"]
        if interaction.type not in types:
            return False
    return all(_passes(test, property_of(interaction, path)) for path, test in when.get("where", {}).items())


def names_type(when: Json, type_: str) -> bool:
    """Return whether a rule's condition names a type anywhere, also within a `not`."""
    if "not" in when:
        return names_type(when["not"], type_)
    parts = [*when.get("all", ()), *when.get("any", ())]
    types = when.get("type", ())
    return type_ in ([types] if isinstance(types, str) else types) or any(
        names_type(part, type_) for part in parts
    )


def met_by_traits(when: Json, traits: Json) -> bool:
    """Return whether traits meet a trait rule's condition."""
    if "all" in when:
        return all(met_by_traits(part, traits) for part in when["all"])
    if "any" in when:
        return any(met_by_traits(part, traits) for part in when["any"])
    if "not" in when:
        return not met_by_traits(when["not"], traits)
    return all(_passes(test, trait_of(traits, trait)) for trait, test in when.items())


def trait_of(traits: Json, name: str) -> Any:
    """Return a trait by any of its names; None when it is unknown."""
    return traits.get(_NAMES.get(name, name), _ABSENT)


def our_name(trait: str) -> str:
    """Return the name under which a trait is known, given any of its names."""
    return _NAMES.get(trait, trait)


def is_nothing(value: Any) -> bool:
    """Return whether a value has nothing to read in it."""
    if isinstance(value, str):
        return not any(letter.isprintable() and not letter.isspace() for letter in value)
    if isinstance(value, list | dict):
        return all(map(is_nothing, value.values() if isinstance(value, dict) else value))
    return value is None


def property_of(interaction: Interaction, path: str) -> Any:
    """Return the value of an interaction at a path; None when it has none."""
    if path in {"campaign", "source"}:
        return getattr(interaction, path)
    flat = interaction.properties.get(path, _ABSENT)
    if flat is _ABSENT and "." in path:
        outer, inner = path.split(".")
        flat = interaction.properties.get(outer, {}).get(inner, _ABSENT)
    return _ABSENT if is_nothing(flat) else flat


def _passes(test: Any, value: Any) -> bool:
    if not isinstance(test, Mapping):
        return value == test
    return all(_OPERATORS[operator](value, operand) for operator, operand in test.items())


def _plain(text: str) -> str:
    """Return a text of Spanish or English in lower case and without accents, but with ñ."""
    letters = normalize("NFC", text).lower()
    return "".join(
        letter if letter == "ñ" else "".join(c for c in normalize("NFD", letter) if not combining(c))
        for letter in letters
    )


def _of_texts(test: Callable[[str, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, str) and test(value, operand)


def _of_numbers(test: Callable[[float, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, int | float) and test(value, operand)


# Texts and numbers are all that the worlds have under a path or in a trait; examples also have lists of them.
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exists": lambda value, expected: (value is not _ABSENT) == expected,
    "missing": lambda value, expected: (value is _ABSENT) == expected,
    "eq": lambda value, operand: value == operand,
    "in": lambda value, operands: value in operands,
    "contains": lambda value, part: isinstance(value, str | list) and part in value,
    "starts_with": _of_texts(lambda value, start: value.startswith(start)),
    "glob": _of_texts(fnmatchcase),
    "matches_any": _of_texts(lambda value, parts: any(_plain(part) in _plain(value) for part in parts)),
    "gt": _of_numbers(lambda value, bound: value > bound),
    "gte": _of_numbers(lambda value, bound: value >= bound),
    "lt": _of_numbers(lambda value, bound: value < bound),
    "lte": _of_numbers(lambda value, bound: value <= bound),
    "between": _of_numbers(lambda value, bounds: bounds[0] <= value <= bounds[1]),
}
