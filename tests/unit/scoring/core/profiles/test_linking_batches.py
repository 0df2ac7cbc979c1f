"""The effect of a batch of interactions, or of a correction, on the profiles known before."""

import msgspec
import pytest

from services.scoring.core.counting.counts import NONE, StoredCounts
from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.linking import Link, LinkRules, Profile, Side, links_of, partition
from services.scoring.core.revised import Revised
from shared.events import Interaction
from shared.identity import Identity
from tests.support.builders import NOON, interaction
from tests.unit.scoring.columns import counts_of

FREE = LinkRules({})
# In the order of their ids; the least id is the profile's.
LEAST, MIDDLE, GREATEST = sorted(
    (Identity("email", f"{name}@x.example") for name in "abc"), key=lambda i: i.id
)


def person(*identities: Identity, **counts: int) -> Profile:
    """A profile with counts: `_0=1` counts one visit for the first of its identities."""
    known = {identity.id: identity for identity in identities}
    counts_by_identity = {identities[int(at[1:])].id: visits(times) for at, times in counts.items()}
    return Profile(min(known), known, counts_by_identity)


def visits(times: int) -> Revised[StoredCounts]:
    return Revised(StoredCounts(counts_of({1: {"": times}})), revision=7)


def interaction_of(*identities: Identity, day: int = 0) -> Interaction:
    """An interaction of these identities in this order."""
    return msgspec.structs.replace(interaction("identify", day=day), identities=identities)


def take_in(people: Profiles, *interactions: Interaction) -> None:
    people.create_missing(interactions)
    people.join(links_of(interactions).values())


@pytest.mark.parametrize("links", [(LEAST, GREATEST), (GREATEST, LEAST)])
def test_a_merge_of_two_profiles_leaves_the_smaller_id(links: tuple[Identity, Identity]) -> None:
    people = Profiles([person(LEAST, _0=1), person(GREATEST, _0=2)], FREE)
    take_in(people, interaction_of(*links))
    both = people.of(GREATEST.id)
    assert people.of(LEAST.id) is both
    assert both == Profile(
        LEAST.id,
        {LEAST.id: LEAST, GREATEST.id: GREATEST},
        {LEAST.id: visits(1), GREATEST.id: visits(2)},
    )
    assert both.counts == counts_of({1: {"": 3}})
    assert (people.moved, people.absorbed, people.founded) == ({GREATEST.id: LEAST.id}, {GREATEST.id}, {})
    assert people.linked == {LEAST.id, GREATEST.id}


def test_a_merge_marks_the_identities_of_both_profiles_as_linked() -> None:
    people = Profiles([person(LEAST, MIDDLE), person(GREATEST)], FREE)
    take_in(people, interaction_of(MIDDLE, GREATEST))
    assert people.linked == {LEAST.id, MIDDLE.id, GREATEST.id}
    assert people.moved == {GREATEST.id: LEAST.id}


def test_new_identities_are_founded_and_assigned_to_a_profile() -> None:
    people = Profiles([person(LEAST)], FREE)
    take_in(people, interaction_of(GREATEST), interaction_of(MIDDLE, LEAST))
    assert people.founded == {GREATEST.id: GREATEST, MIDDLE.id: MIDDLE}
    assert people.moved == {GREATEST.id: GREATEST.id, MIDDLE.id: LEAST.id}
    assert people.linked == {LEAST.id, MIDDLE.id}


def test_a_repeated_link_moves_no_identity() -> None:
    people = Profiles([person(LEAST, GREATEST)], FREE)
    take_in(people, interaction_of(GREATEST, LEAST))
    assert (people.moved, people.linked, people.absorbed) == ({}, set(), set())


def test_a_repeated_event_adds_a_single_link() -> None:
    first, again = interaction_of(LEAST, MIDDLE), interaction_of(LEAST, MIDDLE)
    again = msgspec.structs.replace(again, id=first.id)
    assert list(links_of([first, again]).values()) == [Link(LEAST.id, MIDDLE.id, NOON, first.id)]


def test_a_second_link_within_a_profile_is_not_refused() -> None:
    """Counted as two groups they would have four addresses, which is more than the limit."""
    everyone = {identity.id: identity for identity in (LEAST, MIDDLE)}
    links = [Link(LEAST.id, MIDDLE.id, NOON, "a"), Link(MIDDLE.id, LEAST.id, NOON, "b")]
    groups, refused = partition(everyone, links, LinkRules({"email": 3}))
    assert groups == [everyone]
    assert refused == {(LEAST.id, MIDDLE.id): None, (MIDDLE.id, LEAST.id): None}


def test_the_earliest_of_conflicting_links_applies() -> None:
    """If only the ids of the identities were compared, the later link would come first."""
    two_at_most = LinkRules({"email": 2})
    later, earlier = interaction_of(LEAST, GREATEST, day=1), interaction_of(MIDDLE, GREATEST)
    people = Profiles([], two_at_most)
    take_in(people, later, earlier)
    assert people.of(GREATEST.id) is people.of(MIDDLE.id)
    assert [link.event_id for link in people.contested] == [later.id]
    everyone, links = (
        {identity.id: identity for identity in (LEAST, MIDDLE, GREATEST)},
        links_of([later, earlier]),
    )
    groups, refused = partition(everyone, links.values(), two_at_most)
    assert sorted(map(len, groups)) == [1, 2]
    assert refused[MIDDLE.id, GREATEST.id] is None
    assert refused[LEAST.id, GREATEST.id] == "A person has at most 2 email, and these would have 3."


def test_an_unmerge_also_separates_linked_identities() -> None:
    phone = Identity("phone", "+4912345")
    apart = {LEAST.id: [Side("s", other=False)], GREATEST.id: [Side("r", other=False), Side("s", other=True)]}
    people = Profiles([person(LEAST, MIDDLE), person(GREATEST, phone)], LinkRules({}, apart))
    take_in(people, interaction_of(MIDDLE, phone))
    (contested,) = people.contested
    assert people.objection(contested) == "They were separated by hand (s)."
    assert people.of(MIDDLE.id) is not people.of(phone.id)


def test_identities_on_the_same_side_of_an_unmerge_can_be_linked() -> None:
    same_side = [Side("s", other=False)]
    people = Profiles([], LinkRules({}, {LEAST.id: same_side, GREATEST.id: same_side}))
    take_in(people, interaction_of(LEAST, MIDDLE), interaction_of(MIDDLE, GREATEST))
    assert people.of(LEAST.id) is people.of(GREATEST.id)


def test_reading_counts_of_an_unknown_identity_returns_empty_counts() -> None:
    ana = person(LEAST, _0=1)
    assert ana.counts_of(LEAST.id) == visits(1)
    assert ana.counts_of(MIDDLE.id) == Revised(StoredCounts(NONE), 0)
    assert ana == person(LEAST, _0=1)


def test_regroup_splits_a_profile_with_the_counts_of_each_identity() -> None:
    was = person(LEAST, MIDDLE, GREATEST, _0=1, _2=2)
    people = Profiles([was], FREE)
    moves = people.regroup([was], [{LEAST.id: LEAST}, {GREATEST.id: GREATEST, MIDDLE.id: MIDDLE}])
    assert people.of(LEAST.id) == person(LEAST, _0=1)
    assert people.of(MIDDLE.id) is people.of(GREATEST.id)
    assert people.of(GREATEST.id) == person(GREATEST, MIDDLE, _0=2)
    assert moves == {MIDDLE.id: MIDDLE.id, GREATEST.id: MIDDLE.id}
    assert people.linked == {LEAST.id, MIDDLE.id, GREATEST.id}
    assert people.absorbed == set()


def test_regroup_merges_profiles_and_removes_the_merged_profile() -> None:
    before = [person(LEAST, _0=1), person(MIDDLE), person(GREATEST, _0=2)]
    people = Profiles(before, FREE)
    moves = people.regroup(before, [{LEAST.id: LEAST, GREATEST.id: GREATEST}, {MIDDLE.id: MIDDLE}])
    assert people.of(GREATEST.id) == person(LEAST, GREATEST, _0=1, _1=2)
    assert moves == {GREATEST.id: LEAST.id}
    assert people.linked == {LEAST.id, GREATEST.id}
    assert people.absorbed == {GREATEST.id}


def test_a_profile_restored_by_regroup_does_not_count_as_removed() -> None:
    people = Profiles([person(LEAST), person(MIDDLE), person(GREATEST)], FREE)
    take_in(people, interaction_of(LEAST, MIDDLE), interaction_of(LEAST, GREATEST))
    assert people.absorbed == {MIDDLE.id, GREATEST.id}
    together = people.of(LEAST.id)
    people.regroup([together], [{LEAST.id: LEAST, MIDDLE.id: MIDDLE}, {GREATEST.id: GREATEST}])
    assert people.absorbed == {MIDDLE.id}
