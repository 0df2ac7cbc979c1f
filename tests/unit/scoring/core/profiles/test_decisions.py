"""The decisions of identity resolution on loaded profiles and links."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.decision import (
    Decision,
    Loaded,
    are_latest,
    decide,
    may_join,
    named_in,
    regrouped,
)
from services.scoring.core.profiles.linking import (
    Link,
    LinkRules,
    Pair,
    Profile,
    Side,
    links_of,
    too_many_links,
)
from shared.events import Interaction
from shared.identity import Identity
from tests.support.builders import NOON, identities, interaction

LIMITS = {"user_id": 1}
COOKIE, EMAIL, PHONE = (
    Identity("anonymous_id", "cookie"),
    Identity("email", "ana@example.com"),
    Identity("phone", "+34600000000"),
)
LOGIN = {"anonymous_id": "cookie", "email": "ana@example.com"}


def profile(*members: Identity) -> Profile:
    return Profile(min(identity.id for identity in members), {identity.id: identity for identity in members})


def decided(
    interactions: Sequence[Interaction],
    profiles: Sequence[Profile] = (),
    earliest: Mapping[str, Collection[Pair]] = {},
    separated: Collection[str] = (),
    sides: Mapping[str, Collection[Side]] = {},
) -> Decision:
    new_links = list(links_of(interactions).values())
    return decide(interactions, Loaded(profiles, sides, separated, new_links, earliest), LIMITS)


def test_a_batch_names_its_identities_and_links_those_of_one_interaction() -> None:
    alone = interaction(known_as={"phone": PHONE.value})
    named = named_in([interaction(known_as=LOGIN), alone], set(), ["other"])
    assert named.linking == {COOKIE.id, EMAIL.id}
    assert named.all == {COOKIE.id, EMAIL.id, PHONE.id, "other"}


def test_a_separation_may_change_the_profiles_of_what_it_names() -> None:
    assert named_in([], {EMAIL.id}, ()) == ({EMAIL.id}, {EMAIL.id})


def test_without_links_separations_need_not_be_read() -> None:
    assert may_join([profile(EMAIL, PHONE)], set()) == set()
    assert may_join([profile(EMAIL, PHONE)], {COOKIE.id}) == {COOKIE.id, EMAIL.id, PHONE.id}


def test_unknown_identities_are_founded_and_joined() -> None:
    profiles, refused, unsettled = decided([interaction(known_as=LOGIN)])
    assert profiles.of(COOKIE.id) is profiles.of(EMAIL.id)
    assert profiles.founded.keys() == {COOKIE.id, EMAIL.id}
    assert (refused, unsettled) == ({}, set())


def test_a_separated_identity_has_its_links_applied_again() -> None:
    assert decided([], [profile(EMAIL)], separated={EMAIL.id}).unsettled == {EMAIL.id}


def test_separated_profiles_are_not_joined_and_the_link_is_contested() -> None:
    sides = {COOKIE.id: [Side("s", other=False)], EMAIL.id: [Side("s", other=True)]}
    profiles = decided([interaction(known_as=LOGIN)], sides=sides).profiles
    assert profiles.of(COOKIE.id) is not profiles.of(EMAIL.id)
    assert [link.pair for link in profiles.contested] == [(EMAIL.id, COOKIE.id)]


def test_a_link_beyond_the_earliest_of_an_identity_is_refused() -> None:
    event = interaction(known_as=LOGIN)
    (pair,) = links_of([event])
    profiles, refused, unsettled = decided([event], earliest={COOKIE.id: []})
    assert refused == {pair: too_many_links()}
    assert unsettled == set()
    assert profiles.of(COOKIE.id) is not profiles.of(EMAIL.id)


def test_a_link_among_the_earliest_of_a_crowded_identity_may_displace_others() -> None:
    """So it joins no profiles yet: all links of both identities are applied again."""
    event = interaction(known_as=LOGIN)
    (pair,) = links_of([event])
    profiles, refused, unsettled = decided([event], earliest={COOKIE.id: [pair]})
    assert refused == {}
    assert unsettled == {COOKIE.id, EMAIL.id}
    assert profiles.of(COOKIE.id) is not profiles.of(EMAIL.id)


def test_a_link_that_one_of_two_crowded_identities_heeds_is_refused_and_displaces_others() -> None:
    event = interaction(known_as=LOGIN)
    (pair,) = links_of([event])
    decision = decided([event], earliest={COOKIE.id: [pair], EMAIL.id: []})
    assert decision.refused == {pair: too_many_links()}
    assert decision.unsettled == {COOKIE.id, EMAIL.id}


def test_a_former_user_id_has_the_links_of_both_applied_again() -> None:
    named = {"user_id": "new", "former_user_id": "old"}
    assert decided([interaction(known_as=named)]).unsettled == {
        identity.id for identity in identities(**named)
    }


def contested_by(*links: Link) -> tuple[Profiles, list[Link]]:
    """Return profiles with an e-mail and a phone each, whose link by the cookie is contested."""
    profiles = Profiles([profile(EMAIL, PHONE), profile(COOKIE)], LinkRules({}))
    return profiles, list(links)


def link(first: Identity, second: Identity, day: int) -> Link:
    return Link(first.id, second.id, NOON + timedelta(days=day), "event")


def test_a_contested_link_is_the_latest_if_no_link_of_its_profiles_was_made_later() -> None:
    profiles, contested = contested_by(link(COOKIE, EMAIL, 2))
    assert are_latest(contested, profiles, [])
    assert are_latest(contested, profiles, [link(EMAIL, PHONE, 0), link(EMAIL, PHONE, 1)])
    assert not are_latest(contested, profiles, [link(EMAIL, PHONE, 3), link(EMAIL, PHONE, 1)])


def test_links_of_other_profiles_do_not_matter_to_a_contested_link() -> None:
    profiles, contested = contested_by(link(COOKIE, EMAIL, 2))
    assert are_latest(contested, profiles, [link(Identity("email", "ben@example.com"), PHONE, 3)])


def test_links_applied_again_part_a_profile_that_a_separation_forbids() -> None:
    was = profile(EMAIL, PHONE)
    apart = {EMAIL.id: [Side("s", other=False)], PHONE.id: [Side("s", other=True)]}
    profiles = Profiles([was], LinkRules({}))
    made = link(EMAIL, PHONE, 0)
    moves, refused = regrouped(profiles, [was], [made], LinkRules({}, apart))
    assert moves == {max(EMAIL.id, PHONE.id): max(EMAIL.id, PHONE.id)}
    assert refused == {made.pair: "They were separated by hand (s)."}


def test_a_link_of_an_identity_without_a_row_is_left_out() -> None:
    was = profile(EMAIL)
    moves, refused = regrouped(Profiles([was], LinkRules({})), [was], [link(EMAIL, PHONE, 0)], LinkRules({}))
    assert (moves, refused) == ({}, {})
