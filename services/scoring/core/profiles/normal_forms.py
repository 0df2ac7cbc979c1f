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

    def _form(self, identity: Identity) -> Identity | None:
        try:
            return self._forms.identity(*identity)
        except Refused:
            return identity

    def identity(self, identity: Identity) -> Identity | None:
        """Return an identity in today's form, None if it is a placeholder."""
        return self._form_of(identity)

    def identities(self, identities: tuple[Identity, ...]) -> tuple[Identity, ...]:
        """Return identities in today's form, each once, the strongest first."""
        forms = tuple(map(self._form_of, identities))
        # The usual case; the identities are in their order already.
        if forms == identities:
            return identities
        return by_strength(form for form in forms if form is not None)

    def interactions(self, events: Iterable[Interaction]) -> list[Interaction]:
        """Return the interactions, without those that have no identity left."""
        return [event for event in map(self.interaction, events) if event is not None]

    def interaction(self, event: Interaction) -> Interaction | None:
        """Return an interaction, None if it has no identity left."""
        named = self.identities(event.identities)
        if named is event.identities:
            return event
        return msgspec.structs.replace(event, identities=named) if named else None

    def separations(self, events: Iterable[Separation]) -> list[Separation]:
        """Return the separations, without those that no longer separate any identities."""
        return [event for event in map(self.separation, events) if event is not None]

    def separation(self, event: Separation) -> Separation | None:
        """Return a separation, None if it separates nothing: an identity on both sides is on neither."""
        ours, theirs = self.identities(event.identities), self.identities(event.others)
        if ours is event.identities and theirs is event.others:
            return event
        common = set(ours) & set(theirs)
        ours, theirs = (
            tuple(identity for identity in side if identity not in common) for side in (ours, theirs)
        )
        return msgspec.structs.replace(event, identities=ours, others=theirs) if ours and theirs else None

    def lead(self, event: LeadQualified) -> LeadQualified:
        """Return a lead with the identities that flipped; there may be none left."""
        named = self.identities(event.identities)
        return event if named is event.identities else msgspec.structs.replace(event, identities=named)

    def has_effect(self, event: Event) -> bool:
        """Return whether an event of the topic of interactions still has any effect."""
        match event:
            case Interaction():
                return self.interaction(event) is not None
            case Separation():
                return self.separation(event) is not None
            case _:
                return True
