"""Conditions as their JSON reads, for the operators that the worlds use."""

from collections.abc import Callable, Mapping
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
    return interaction.properties.get(path, _ABSENT)


def _passes(test: Any, value: Any) -> bool:
    if not isinstance(test, Mapping):
        return value == test
    return all(_OPERATORS[operator](value, operand) for operator, operand in test.items())


# Texts are all that the worlds have under a path or in a trait.
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exists": lambda value, wanted: (value is not _ABSENT) == wanted,
    "missing": lambda value, wanted: (value is _ABSENT) == wanted,
    "eq": lambda value, operand: value == operand,
    "in": lambda value, operands: value in operands,
    "contains": lambda value, part: value is not _ABSENT and part in value,
    "starts_with": lambda value, start: value is not _ABSENT and value.startswith(start),
    "matches_any": lambda value, parts: (
        value is not _ABSENT and any(part.lower() in value.lower() for part in parts)
    ),
}
