"""Traits: what a person is known to be, as it was known at the end of any day."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from services.scoring.core.counting import day_of
from services.scoring.core.domains import company_domain, email_domain, email_domains, told_domains
from shared.events import Interaction
from shared.identity import Identity, current
from shared.known_traits import completed, told_by
from shared.vocabulary import EFFECTS, is_effective

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Told(NamedTuple):
    """A value of a trait, under our name for it, as somebody told it; null takes the trait back."""

    occurred_at: datetime
    event_id: str
    trait: str
    value: Any


def tellings(interaction: Interaction) -> list[Told]:
    """Return what an interaction tells of traits, without its effect."""
    if not interaction.traits:
        return []
    at, event_id = interaction.occurred_at, interaction.id
    return [Told(at, event_id, name, value) for name, value in told_by(interaction.traits).items()]


def effect(interaction: Interaction) -> Told | None:
    """Return the trait that an interaction sets by its effect, if it has one."""
    if not is_effective(interaction):
        return None
    return Told(interaction.occurred_at, interaction.id, *EFFECTS[interaction.type])


class History:
    """The traits of a person over time: of each, the last writer by (occurred_at, event id) wins.

    When one event sets a trait twice the later value wins: its effect comes after what it tells.
    """

    def __init__(
        self, told: Collection[tuple[datetime, str, str, Any]], identities: Iterable[Identity]
    ) -> None:
        # Of most people nothing is told, and this is asked for every score.
        self._told = sorted((Told(*one) for one in told), key=lambda one: one[:2]) if told else []
        self._identities = identities
        self._latest: tuple[int, Mapping[str, Any], Mapping[str, Any]] | None = None
        self.days: Sequence[int] = [day_of(one.occurred_at) for one in self._told] if told else ()
        """the days (UTC ordinals) on which something was told, in order"""

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What the identities themselves say: each kind, and from an e-mail its domain and the company."""
        identities = tuple(self._identities)
        told = sorted(current(identities), reverse=True) if len(identities) > 1 else identities
        derived: dict[str, Any] = dict(told)
        if (domain := self.email_domain) is not None:
            derived["email_domain"] = domain
            if (company := company_domain(domain)) is not None:
                derived["company"] = company
        return derived

    @property
    def email_domain(self) -> str | None:
        """The domain of the address that tells most of a company; None without one."""
        return email_domain(self._emails)

    def email_domains(self, day: int) -> tuple[tuple[str, ...], ...]:
        """Return the domains of all addresses as `core.domains.alike` has each, for exclusions.

        Where the trait `email_domain` was told by the end of a day it is that alone: what was told goes
        before what addresses say.
        """
        told = self.told(day).get("email_domain")
        return email_domains(self._emails) if told is None else told_domains(told)

    @property
    def _emails(self) -> list[str]:
        return [identity.value for identity in self._identities if identity.kind == "email"]

    def told(self, day: int) -> Mapping[str, Any]:
        """Return the traits that were told until the end of a day, by name."""
        return self._until(day)[0] if self._told else _NOTHING

    def at(self, day: int) -> Mapping[str, Any]:
        """Return what a rule sees at the end of a day: what was told, and for the rest what is derived."""
        return self._until(day)[1]

    def _until(self, day: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        # A score, a state and a company ask for one day, one after the other.
        number = bisect_right(self.days, day)
        if self._latest is None or self._latest[0] != number:
            last = {one.trait: one.value for one in self._told[:number]}
            told = {name: value for name, value in sorted(last.items()) if value is not None}
            self._latest = (number, told, completed({**self.derived, **told}))
        return self._latest[1:]

    def shown(self, day: int) -> dict[str, Any]:
        """Return the traits to show: those told, and domain and company where only the e-mail says so."""
        derived = {name: self.derived[name] for name in ("company", "email_domain") if name in self.derived}
        return dict(sorted({**derived, **self.told(day)}.items()))


NOTHING_KNOWN = History((), ())
