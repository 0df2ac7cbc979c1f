"""The traits that rules see: those that a person reported, and for the rest those of their identities."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC
from operator import itemgetter
from typing import Any

from shared.events import Interaction
from shared.identity import Identity
from tests.oracle.conditions import is_nothing, our_name

FREE_MAIL = frozenset({"gmail.com"})


EFFECTS = {
    "email_unsubscribe": ("consent_email", False),
    "sms_stop": ("consent_sms", False),
    "purchase": ("lifecycle", "customer"),
}
# Fields of a company object that become a trait with a name other than `company_` and the field's.
_OF_COMPANY = {"name": "company", "employees": "company_size", "industry": "industry"}


def traits_at(
    person: Collection[Identity],
    interactions: Iterable[Interaction],
    day: int,
    retracted: Collection[str] = (),
) -> Mapping[str, Any]:
    """Return the traits as known at the end of a day; the identities are known on every day."""
    reported: dict[str, Any] = {}
    for interaction in sorted(
        interactions, key=lambda interaction: (interaction.occurred_at, interaction.id)
    ):
        if interaction.occurred_at.astimezone(UTC).date().toordinal() <= day:
            # A value under our own name wins over other names, and every value wins over null.
            reported |= {
                trait: value for _, trait, value in sorted(tellings(interaction.traits), key=itemgetter(0))
            }
            if (
                interaction.type in EFFECTS
                and interaction.machine is None
                and interaction.id not in retracted
            ):
                trait, value = EFFECTS[interaction.type]
                reported[trait] = value
    return _of_identities(person) | {trait: value for trait, value in reported.items() if value is not None}


def tellings(traits: Mapping[str, Any]) -> Iterator[tuple[int, str, Any]]:
    """Yield (rank, trait, value); the value with the greatest rank is the trait's."""
    for name, value in traits.items():
        if name == "company" and isinstance(value, Mapping):
            for part, inner in value.items():
                trait = _OF_COMPANY.get(part, f"company_{part}")
                if inner is None or not is_nothing(inner):
                    yield (0 if inner is None else 1), trait, inner
        elif value is None:
            yield 0, our_name(name), None
        elif not is_nothing(value):
            yield (2 if our_name(name) == name else 1), our_name(name), value


def _of_identities(person: Collection[Identity]) -> dict[str, str]:
    # A former user id stands in for nothing but itself.
    former = {Identity("user_id", identity.value) for identity in person if identity.kind == "former_user_id"}
    person = [identity for identity in person if identity not in former]
    stand_ins = {
        kind: min(identity.value for identity in person if identity.kind == kind) for kind, _ in person
    }
    addresses = sorted(
        (_domain(identity) in FREE_MAIL, identity) for identity in person if identity.kind == "email"
    )
    if addresses:
        is_free, address = addresses[0]
        stand_ins["email_domain"] = _domain(address)
        if not is_free:
            stand_ins["company"] = _domain(address)
    return stand_ins


def _domain(address: Identity) -> str:
    return address.value.rpartition("@")[2]
