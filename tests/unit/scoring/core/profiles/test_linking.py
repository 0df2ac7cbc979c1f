from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations

import pytest

from services.scoring.core.profiles import linking
from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.linking import (
    MAX_IDENTITIES,
    Link,
    LinkRules,
    Profile,
    Side,
    heeded,
    links_of,
    partition,
)
from shared.events import Interaction
from shared.identity import Identity
from tests.support.builders import NOON, identities, interaction, person

EXCLUSIVE = LinkRules({"user_id": 1})


def seen(*linked: dict[str, str], known: Iterable[Profile] = (), rules: LinkRules = EXCLUSIVE) -> Profiles:
    people = Profiles(known, rules)
    interactions = [interaction("identify", known_as=named) for named in linked]
    people.create_missing(interactions)
    people.join(links_of(interactions).values())
    return people


def profile(people: Profiles, **named: str) -> str:
    (identity,) = identities(**named)
    return people.of(identity.id).id


def test_a_new_identity_creates_a_profile_with_the_same_id() -> None:
    people = seen({"email": "ana@example.com"})
    assert profile(people, email="ana@example.com") == identities(email="ana@example.com")[0].id


def test_identities_of_one_event_belong_to_one_profile() -> None:
    people = seen({"anonymous_id": "cookie", "email": "ana@example.com"})
    assert profile(people, anonymous_id="cookie") == profile(people, email="ana@example.com")


def test_two_merged_profiles_have_the_smaller_id() -> None:
    both = [person(anonymous_id="cookie"), person(email="ana@example.com")]
    lesser, greater = sorted(person.id for person in both)
    people = seen({"anonymous_id": "cookie", "email": "ana@example.com"}, known=both)
    assert people.of(greater).id == people.of(lesser).id == lesser
    assert (people.moved, people.absorbed) == ({greater: lesser}, {greater})


def test_a_chain_of_links_makes_one_profile_in_any_order() -> None:
    links = [{"twitter": "a", "facebook": "b"}, {"email": "a@b.example", "phone": "+34600000000"}]
    bridge = {"facebook": "b", "phone": "+34600000000"}
    for order in permutations([*links, bridge]):
        people = seen(*order)
        assert profile(people, twitter="a") == profile(people, email="a@b.example")


def test_two_users_of_one_device_stay_two_profiles() -> None:
    ana, ben = {"anonymous_id": "kiosk", "user_id": "ana"}, {"anonymous_id": "kiosk", "user_id": "ben"}
    people = seen(ana, ben)
    assert profile(people, user_id="ana") != profile(people, user_id="ben")
    assert profile(people, anonymous_id="kiosk") == profile(people, user_id="ana")
    (contested,) = people.contested
    assert people.objection(contested) == "A person has at most 1 user_id, and these would have 2."


def test_an_indirect_link_does_not_merge_two_users() -> None:
    people = seen(
        {"user_id": "ben", "email": "ana@example.com"},
        known=[person(user_id="ana", email="ana@example.com"), person(user_id="ben")],
    )
    assert profile(people, user_id="ana") != profile(people, user_id="ben")
    assert people.moved == {}


def test_a_kind_of_identity_can_have_a_limit() -> None:
    cookies = [{"email": "a@b.example", "anonymous_id": f"c{n}"} for n in range(4)]
    people = seen(*cookies, rules=LinkRules({"anonymous_id": 3}))
    assert len(people.of(identities(email="a@b.example")[0].id).identities) == 4
    assert len(people.contested) == 1


def test_the_number_of_identities_of_a_profile_is_limited() -> None:
    cookies = [{"email": "a@b.example", "anonymous_id": f"c{n}"} for n in range(MAX_IDENTITIES + 5)]
    people = seen(*cookies)
    assert len(people.of(identities(email="a@b.example")[0].id).identities) == MAX_IDENTITIES
    assert len(people.contested) == 6


def test_unmerged_identities_are_not_linked_again() -> None:
    first, second = identities(email="a@b.example")[0], identities(twitter="a")[0]
    rules = LinkRules({}, {first.id: [Side("s", other=False)], second.id: [Side("s", other=True)]})
    people = seen({"email": "a@b.example", "twitter": "a"}, rules=rules)
    assert profile(people, email="a@b.example") != profile(people, twitter="a")


def test_a_link_has_the_earliest_evidence_of_a_batch() -> None:
    both = {"email": "a@b.example", "twitter": "a"}
    interactions: list[Interaction] = [interaction("identify", day=day, known_as=both) for day in (3, 1, 2)]
    (link,) = links_of(interactions).values()
    assert (link.occurred_at, link.event_id) == (NOON + timedelta(days=1), interactions[1].id)


def test_links_apply_in_order_of_time() -> None:
    """The device belongs to the person who used it first, however late that event comes."""
    kiosk, ana, ben = (
        Identity(kind, name) for kind, name in (("cookie", "k"), ("user_id", "ana"), ("user_id", "ben"))
    )
    links = [
        Link(ben.id, kiosk.id, NOON + timedelta(days=2), "later"),
        Link(ana.id, kiosk.id, NOON, "first"),
    ]
    everyone = {identity.id: identity for identity in (kiosk, ana, ben)}
    for order in permutations(links):
        groups, refused = partition(everyone, order, EXCLUSIVE)
        assert sorted(map(len, groups)) == [1, 2]
        assert {ana.id, kiosk.id} in [group.keys() for group in groups]
        assert refused[ana.id, kiosk.id] is None
        assert refused[ben.id, kiosk.id] is not None


def crowded(number: int) -> tuple[dict[str, Identity], list[Link]]:
    """A device on which `number` people log in, one an hour."""
    device, *others = (*identities(anonymous_id="device"), *(
        identity for n in range(number) for identity in identities(email=f"ana{n}@example.com")
    ))  # fmt: skip
    links = [
        Link(device.id, other.id, NOON + timedelta(hours=hour), f"login-{hour}")
        for hour, other in enumerate(others)
    ]
    return {identity.id: identity for identity in (device, *others)}, links


def test_only_the_earliest_links_of_an_identity_apply_in_any_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linking, "MAX_LINKS", 2)
    _, links = crowded(4)
    for order in permutations(links):
        assert heeded(order) == {links[0].pair, links[1].pair}
    # Among the earliest links of one identity, but not of the other.
    others = [
        Link(links[0].other, f"other-{n}", NOON - timedelta(days=1 + n), f"before-{n}") for n in range(2)
    ]
    assert heeded([*links, *others]) == {links[1].pair, *(link.pair for link in others)}


def test_a_link_beyond_the_limit_is_refused_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linking, "MAX_LINKS", 2)
    named, links = crowded(3)
    # Links after an ignored link are applied all the same.
    after = Link(links[2].other, "somebody", NOON + timedelta(days=9), "after")
    named["somebody"] = Identity("email", "somebody@example.com")
    groups, refused = partition(named, [*links, after], EXCLUSIVE)
    assert sorted(map(len, groups)) == [2, 3]
    assert [refused[link.pair] for link in (*links, after)] == [None, None, linking.too_many_links(), None]
