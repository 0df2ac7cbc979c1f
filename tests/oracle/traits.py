"""What rules see of a person: what they told, and what their identities tell when they did not."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC
from typing import Any

from shared.events import Interaction
from shared.identity import Identity

FREE_MAIL = frozenset({"gmail.com"})


def traits_at(
    person: Collection[Identity], interactions: Iterable[Interaction], day: int
) -> Mapping[str, Any]:
    """Return the traits as known at the end of a day; who the identities are is known on every day."""
    told = {
        trait: value
        for one in sorted(interactions, key=lambda one: (one.occurred_at, one.id))
        if one.occurred_at.astimezone(UTC).date().toordinal() <= day
        for trait, value in one.traits.items()
    }
    return _told_by_identities(person) | {trait: value for trait, value in told.items() if value is not None}


def _told_by_identities(person: Collection[Identity]) -> dict[str, str]:
    # A former user id stands in for nothing but itself.
    former = {Identity("user_id", one.value) for one in person if one.kind == "former_user_id"}
    person = [one for one in person if one not in former]
    stand_ins = {kind: min(one.value for one in person if one.kind == kind) for kind, _ in person}
    addresses = sorted((_domain(one) in FREE_MAIL, one) for one in person if one.kind == "email")
    if addresses:
        is_free, address = addresses[0]
        stand_ins["email_domain"] = _domain(address)
        if not is_free:
            stand_ins["company"] = _domain(address)
    return stand_ins


def _domain(address: Identity) -> str:
    return address.value.rpartition("@")[2]
