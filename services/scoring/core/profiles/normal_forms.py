"""Events in today's normal forms: the identities as the current rules read them. Pure.

The log stores an event as it was written, with identities in the normal forms of that time. A later rule
or a changed setting can give the same identity another form. An identity that today's rules refuse, and that
was accepted once, keeps its stored form: a profile that was known by it is still known by it.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from shared.errors import Refused
from shared.events import Event, Interaction, LeadQualified, Separation
from shared.identity import Forms, Identity, by_strength

# A batch names the same profiles many times, and a profile comes back.
_REMEMBERED: Final = 16_384


class Current:
    """Brings events to today's normal forms; an identity that is a placeholder today is left out."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._form_of = lru_cache(_REMEMBERED)(self._form)

    def _form(self, told: Identity) -> Identity | None:
        try:
            return self._forms.identity(*told)
        except Refused:
            return told

    def identity(self, told: Identity) -> Identity | None:
        """Return an identity in today's form, None if it is a placeholder."""
        return self._form_of(told)

    def identities(self, told: tuple[Identity, ...]) -> tuple[Identity, ...]:
        """Return identities in today's form, each once, the strongest first."""
        forms = tuple(map(self._form_of, told))
        # The usual case; the identities are in their order already.
        if forms == told:
            return told
        return by_strength(form for form in forms if form is not None)

    def interactions(self, told: Iterable[Interaction]) -> list[Interaction]:
        """Return the interactions, without those that have no identity left."""
        return [one for one in map(self.interaction, told) if one is not None]

    def interaction(self, told: Interaction) -> Interaction | None:
        """Return an interaction, None if it has no identity left."""
        named = self.identities(told.identities)
        if named is told.identities:
            return told
        return msgspec.structs.replace(told, identities=named) if named else None

    def separations(self, told: Iterable[Separation]) -> list[Separation]:
        """Return the separations, without those that no longer separate any identities."""
        return [one for one in map(self.separation, told) if one is not None]

    def separation(self, told: Separation) -> Separation | None:
        """Return a separation, None if it separates nothing: an identity on both sides is on neither."""
        ours, theirs = self.identities(told.identities), self.identities(told.others)
        if ours is told.identities and theirs is told.others:
            return told
        common = set(ours) & set(theirs)
        ours, theirs = (tuple(one for one in side if one not in common) for side in (ours, theirs))
        return msgspec.structs.replace(told, identities=ours, others=theirs) if ours and theirs else None

    def lead(self, told: LeadQualified) -> LeadQualified:
        """Return a lead with the identities that flipped; there may be none left."""
        named = self.identities(told.identities)
        return told if named is told.identities else msgspec.structs.replace(told, identities=named)

    def has_effect(self, told: Event) -> bool:
        """Return whether an event of the topic of interactions still has any effect."""
        match told:
            case Interaction():
                return self.interaction(told) is not None
            case Separation():
                return self.separation(told) is not None
            case _:
                return True
