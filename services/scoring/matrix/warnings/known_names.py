"""Types, properties and traits that Flipline itself brings, even if no event ever did."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.scoring.matrix.seen_names import SeenNames
from shared.identity import STRONGEST_FIRST, WEAKEST
from shared.known_traits import canonical
from shared.operators.operator import JsonTypes
from shared.vocabulary import EFFECTS, KNOWN_TYPES

TYPES: Final = KNOWN_TYPES

TEXT: Final[JsonTypes] = frozenset({"text"})

ATTRIBUTES: Final = frozenset({"campaign", "source"})
"""What conditions read of an interaction besides its properties."""

PROPERTIES: Final = frozenset({
    "asset", "campaign_content", "campaign_id", "campaign_medium", "campaign_source", "campaign_term",
    "category", "name", "path", "referrer", "search", "title", "url", "user_agent",
})  # fmt: skip
"""Properties that ingest fills in from pages, campaigns and log files."""

IDENTITIES: Final = frozenset({*STRONGEST_FIRST, WEAKEST})
"""Traits that are identities, by their kind."""

DERIVED: Final = IDENTITIES | {"company", "email_domain"}
"""Traits that identities give; each is a text."""

SET_BY_EFFECT: Final = frozenset({effect.trait for effect in EFFECTS.values()})
"""Traits that some interactions set by their type."""

TRAITS: Final = DERIVED | SET_BY_EFFECT


def trait_forms(seen: SeenNames) -> Mapping[str, JsonTypes]:
    """Return the traits that came or that identities give, with the forms of their values."""
    return _joined([*seen.traits.items(), *((name, TEXT) for name in (*DERIVED, *seen.kinds))])


def property_forms(seen: SeenNames) -> Mapping[str, JsonTypes]:
    """Return the properties that came, and the attributes, with the forms of their values."""
    return {**seen.properties, **dict.fromkeys(ATTRIBUTES, TEXT)}


def _joined(forms: Iterable[tuple[str, JsonTypes]]) -> dict[str, JsonTypes]:
    joined: dict[str, JsonTypes] = {}
    for name, of_name in forms:
        ours = canonical(name)
        joined[ours] = joined.get(ours, frozenset()) | of_name
    return joined
