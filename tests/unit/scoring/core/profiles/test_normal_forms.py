"""Events of the log in today's normal forms."""

from typing import Any

import msgspec
import pytest

from services.scoring.core.profiles.normal_forms import Current
from shared.events import Interaction, LeadQualified, Retraction, Separation
from shared.identity import Forms, Identity
from tests.support.builders import NOON, interaction

ANA, UNDEFINED = Identity("email", "ana@firm.example"), Identity("user_id", "undefined")
COOKIE = Identity("anonymous_id", "cookie")
# As older rules left them on the log.
BRACKETS = Identity("email", "<ana@firm.example>")
NOBODYS_NUMBER = Identity("phone", "12345")


@pytest.fixture
def current() -> Current:
    return Current(Forms())


def by(*who: Identity) -> Interaction:
    return msgspec.structs.replace(interaction(id="one"), identities=who)


def separation(ours: tuple[Identity, ...], others: tuple[Identity, ...]) -> Separation:
    return Separation(
        id="apart", identities=ours, others=others, reason="two", author="ops", separated_at=NOON
    )


def lead(*who: Identity) -> LeadQualified:
    return LeadQualified(
        id="e", lead_id="l", profile_id="p", model="m", version=1, cycle=1, score=1, flip_number=1,
        crossed_on="2026-03-14", qualified_at=NOON, reasons=(), identities=who,
    )  # fmt: skip


def test_an_event_in_normal_form_is_returned_unchanged(current: Current) -> None:
    for stored in (by(ANA, COOKIE), by(COOKIE), by()):
        assert current.interaction(stored) is stored
    apart = separation((ANA,), (COOKIE,))
    assert current.separation(apart) is apart
    assert current.lead(stored_lead := lead(ANA)) is stored_lead


@pytest.mark.parametrize(
    ("stored", "today"),
    [
        ([BRACKETS], [ANA]),
        ([ANA, BRACKETS], [ANA]),
        ([UNDEFINED, BRACKETS, COOKIE], [ANA, COOKIE]),
        ([UNDEFINED], None),
        ([UNDEFINED, Identity("user_id", "0")], None),
        # Older rules accepted values that are refused today; these values still identify the person.
        ([NOBODYS_NUMBER], [NOBODYS_NUMBER]),
        ([NOBODYS_NUMBER, BRACKETS], [ANA, NOBODYS_NUMBER]),
    ],
)
def test_identities_of_an_interaction_are_brought_to_the_normal_form_of_today(
    current: Current, stored: list[Identity], today: list[Identity] | None
) -> None:
    found = current.interaction(by(*stored))
    assert (found and list(found.identities)) == today
    assert current.has_effect(by(*stored)) == (today is not None)
    assert found is None or msgspec.structs.replace(found, identities=tuple(stored)) == by(*stored)


@pytest.mark.parametrize(
    ("ours", "others", "today"),
    [
        ([BRACKETS], [COOKIE], ([ANA], [COOKIE])),
        ([ANA, UNDEFINED], [COOKIE], ([ANA], [COOKIE])),
        ([ANA], [BRACKETS], None),
        ([ANA, COOKIE], [BRACKETS], None),
        ([ANA, COOKIE], [BRACKETS, NOBODYS_NUMBER], ([COOKIE], [NOBODYS_NUMBER])),
        ([UNDEFINED], [ANA], None),
        ([ANA], [UNDEFINED], None),
    ],
)
def test_identities_of_an_unmerge_are_brought_to_the_normal_form_of_today(
    current: Current, ours: Any, others: Any, today: Any
) -> None:
    stored = separation(tuple(ours), tuple(others))
    found = current.separation(stored)
    assert (found and (list(found.identities), list(found.others))) == today
    assert current.has_effect(stored) == (today is not None)


def test_a_lead_without_a_usable_identity_stays_a_lead(current: Current) -> None:
    assert current.lead(lead(UNDEFINED)).identities == ()
    assert current.lead(lead(UNDEFINED, BRACKETS)).identities == (ANA,)


def test_a_retraction_has_an_effect_even_with_a_placeholder_identity(current: Current) -> None:
    assert current.has_effect(
        Retraction(id="r", identity=UNDEFINED, interactions=("one",), reason="", author="", retracted_at=NOON)
    )
