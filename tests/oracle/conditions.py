"""Conditions as their JSON reads, for the operators that the worlds use."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from shared.events import Interaction

Json = Mapping[str, Any]
# null is as good as absent
_ABSENT = None


def met_by_interaction(when: Json, interaction: Interaction) -> bool:
    """Tell whether an interaction meets a rule's condition."""
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


def met_by_traits(when: Json, traits: Json) -> bool:
    """Tell whether traits meet a trait rule's condition."""
    if "all" in when:
        return all(met_by_traits(part, traits) for part in when["all"])
    if "any" in when:
        return any(met_by_traits(part, traits) for part in when["any"])
    if "not" in when:
        return not met_by_traits(when["not"], traits)
    return all(_passes(test, traits.get(trait, _ABSENT)) for trait, test in when.items())


def property_of(interaction: Interaction, path: str) -> Any:
    """Return what an interaction has under a path; None when it has nothing there."""
    if path in {"campaign", "source"}:
        return getattr(interaction, path)
    flat = interaction.properties.get(path, _ABSENT)
    if flat is not _ABSENT or "." not in path:
        return flat
    outer, inner = path.split(".")
    return interaction.properties.get(outer, {}).get(inner, _ABSENT)


def _passes(test: Any, value: Any) -> bool:
    if not isinstance(test, Mapping):
        return value == test
    return all(_OPERATORS[operator](value, operand) for operator, operand in test.items())


def _of_texts(test: Callable[[str, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, str) and test(value, operand)


def _of_numbers(test: Callable[[float, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, int | float) and test(value, operand)


# Texts and numbers are all that the worlds have under a path or in a trait; examples also have lists of them.
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exists": lambda value, wanted: (value is not _ABSENT) == wanted,
    "missing": lambda value, wanted: (value is _ABSENT) == wanted,
    "eq": lambda value, operand: value == operand,
    "in": lambda value, operands: value in operands,
    "contains": lambda value, part: isinstance(value, str | list) and part in value,
    "starts_with": _of_texts(lambda value, start: value.startswith(start)),
    "glob": _of_texts(fnmatchcase),
    "matches_any": _of_texts(lambda value, parts: any(part.lower() in value.lower() for part in parts)),
    "gt": _of_numbers(lambda value, bound: value > bound),
    "gte": _of_numbers(lambda value, bound: value >= bound),
    "lt": _of_numbers(lambda value, bound: value < bound),
    "lte": _of_numbers(lambda value, bound: value <= bound),
    "between": _of_numbers(lambda value, bounds: bounds[0] <= value <= bounds[1]),
}
