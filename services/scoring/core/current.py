"""Events in the forms of today: who is named, by the rules of normal forms that hold now. Pure.

The log keeps an event as it was written. Its identities then had the normal forms of that time; a rule that
came later, or a setting that was changed, gives other forms to the same names. A form is never made of what
the rules refuse today and took once: what somebody was known by then, they are known by still.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from shared.errors import Refused
from shared.events import Event, Interaction, LeadQualified, Separation
from shared.identity import Forms, Identity, by_strength

# A batch names the same people many times over, and a person comes back.
_REMEMBERED: Final = 16_384


class Current:
    """Brings events to the forms of today; an identity that names nobody today is left out."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._form_of = lru_cache(_REMEMBERED)(self._form)

    def _form(self, told: Identity) -> Identity | None:
        try:
            return self._forms.identity(*told)
        except Refused:
            return told

    def identity(self, told: Identity) -> Identity | None:
        """Return an identity in the form of today, None when it names nobody."""
        return self._form_of(told)

    def identities(self, told: tuple[Identity, ...]) -> tuple[Identity, ...]:
        """Return identities in the forms of today, each once, the strongest first."""
        forms = tuple(map(self._form_of, told))
        # Nearly always; then they are in their order already.
        if forms == told:
            return told
        return by_strength(form for form in forms if form is not None)

    def interactions(self, told: Iterable[Interaction]) -> list[Interaction]:
        """Return the interactions, without those that name nobody."""
        return [one for one in map(self.interaction, told) if one is not None]

    def interaction(self, told: Interaction) -> Interaction | None:
        """Return an interaction, None when it names nobody."""
        named = self.identities(told.identities)
        if named is told.identities:
            return told
        return msgspec.structs.replace(told, identities=named) if named else None

    def separations(self, told: Iterable[Separation]) -> list[Separation]:
        """Return the separations, without those that part nobody from anybody."""
        return [one for one in map(self.separation, told) if one is not None]

    def separation(self, told: Separation) -> Separation | None:
        """Return a separation, None when it parts nobody: what both sides have tells nobody apart."""
        ours, theirs = self.identities(told.identities), self.identities(told.others)
        if ours is told.identities and theirs is told.others:
            return told
        common = set(ours) & set(theirs)
        ours, theirs = (tuple(one for one in side if one not in common) for side in (ours, theirs))
        return msgspec.structs.replace(told, identities=ours, others=theirs) if ours and theirs else None

    def lead(self, told: LeadQualified) -> LeadQualified:
        """Return a lead with those who flipped, who may be nobody."""
        named = self.identities(told.identities)
        return told if named is told.identities else msgspec.structs.replace(told, identities=named)

    def has_effect(self, told: Event) -> bool:
        """Tell whether an event of the interactions' topic says anything about anybody."""
        match told:
            case Interaction():
                return self.interaction(told) is not None
            case Separation():
                return self.separation(told) is not None
            case _:
                return True
