"""Traits: the explicit information about a profile, as it was known at the end of any day."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from services.scoring.core.counting.tally import day_of
from services.scoring.core.profiles.domains import (
    company_domain,
    email_domain,
    email_domains,
    reported_domains,
)
from shared.events import Interaction
from shared.identity import Identity, current
from shared.known_traits import canonical_traits, completed
from shared.vocabulary import EFFECTS, is_effective

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class ReportedTrait(NamedTuple):
    """A value of a trait, under our name for it, as an interaction set it; null removes the trait."""

    occurred_at: datetime
    event_id: str
    trait: str
    value: Any


def reported_traits(interaction: Interaction) -> list[ReportedTrait]:
    """Return the traits that an interaction sets, without its effect."""
    if not interaction.traits:
        return []
    at, event_id = interaction.occurred_at, interaction.id
    return [
        ReportedTrait(at, event_id, name, value)
        for name, value in canonical_traits(interaction.traits).items()
    ]


def effect(interaction: Interaction) -> ReportedTrait | None:
    """Return the trait that an interaction sets by its effect, if it has one."""
    if not is_effective(interaction):
        return None
    return ReportedTrait(interaction.occurred_at, interaction.id, *EFFECTS[interaction.type])


class History:
    """The traits of a profile over time: for each, the last writer by (occurred_at, event id) wins.

    When one event sets a trait twice the later value wins: its effect comes after its traits.
    """

    def __init__(
        self, reported: Collection[tuple[datetime, str, str, Any]], identities: Iterable[Identity]
    ) -> None:
        # Most profiles have no traits, and every score needs this.
        self._reported = (
            sorted((ReportedTrait(*report) for report in reported), key=lambda report: report[:2])
            if reported
            else []
        )
        self._identities = identities
        self._latest: tuple[int, Mapping[str, Any], Mapping[str, Any]] | None = None
        self.days: Sequence[int] = (
            [day_of(report.occurred_at) for report in self._reported] if reported else ()
        )
        """the days (UTC ordinals) on which a trait was set, in order"""

    @cached_property
    def derived(self) -> dict[str, Any]:
        """The traits that the identities give: each kind, and from an e-mail its domain and the company."""
        identities = tuple(self._identities)
        strongest_last = sorted(current(identities), reverse=True) if len(identities) > 1 else identities
        derived: dict[str, Any] = dict(strongest_last)
        if (domain := self.email_domain) is not None:
            derived["email_domain"] = domain
            if (company := company_domain(domain)) is not None:
                derived["company"] = company
        return derived

    @property
    def email_domain(self) -> str | None:
        """The domain of the address that says most about the company; None without an address."""
        return email_domain(self._emails)

    def email_domains(self, day: int) -> tuple[tuple[str, ...], ...]:
        """Return the domains of all addresses, each as `core.domains.alike` gives it, for exclusions.

        If the trait `email_domain` was set by the end of a day, the result is that domain alone: a trait that
        was set goes before what addresses say.
        """
        domain = self.reported(day).get("email_domain")
        return email_domains(self._emails) if domain is None else reported_domains(domain)

    @property
    def _emails(self) -> list[str]:
        return [identity.value for identity in self._identities if identity.kind == "email"]

    def reported(self, day: int) -> Mapping[str, Any]:
        """Return the traits that were set until the end of a day, by name."""
        return self._until(day)[0] if self._reported else _NOTHING

    def at(self, day: int) -> Mapping[str, Any]:
        """Return the traits that a rule reads at the end of a day: those set, else those derived."""
        return self._until(day)[1]

    def _until(self, day: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        # A score, a state and a company ask for the same day, one after the other.
        number = bisect_right(self.days, day)
        if self._latest is None or self._latest[0] != number:
            last = {report.trait: report.value for report in self._reported[:number]}
            reported = {name: value for name, value in sorted(last.items()) if value is not None}
            self._latest = (number, reported, completed({**self.derived, **reported}))
        return self._latest[1:]

    def shown(self, day: int) -> dict[str, Any]:
        """Return the traits to show: those set, and domain and company where only the e-mail gives them."""
        derived = {name: self.derived[name] for name in ("company", "email_domain") if name in self.derived}
        return dict(sorted({**derived, **self.reported(day)}.items()))


NOTHING_KNOWN = History((), ())
