"""Which user ids count as one, for the limit of how many a person can have."""

import pytest

from services.scoring.core.profiles.aliases import same_users
from shared.identity import Identity

A, B, C, Z = (Identity("user_id", name) for name in "abcz")
WAS_A, WAS_B = Identity("former_user_id", "a"), Identity("former_user_id", "b")
KIOSK = Identity("anonymous_id", "kiosk")
ALL = {identity.id: identity for identity in (A, B, C, Z, WAS_A, WAS_B, KIOSK)}


def classes(*links: tuple[Identity, Identity]) -> set[frozenset[str]]:
    stands_for = same_users(ALL, [(first.id, second.id) for first, second in links])
    groups: dict[str, set[str]] = {}
    for user, stand_in in stands_for.items():
        groups.setdefault(stand_in, set()).add(ALL[user].value)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize("first", [A, B])
def test_an_alias_makes_two_user_ids_count_as_one_user(first: Identity) -> None:
    other = B if first == A else A
    assert classes((first, other), (first, WAS_A)) == {frozenset("ab")}


def test_aliases_are_transitive() -> None:
    assert classes((A, B), (A, WAS_A), (B, C), (B, WAS_B)) == {frozenset("abc")}


def test_a_shared_device_is_no_alias() -> None:
    assert classes((A, B), (A, WAS_A), (A, KIOSK), (Z, KIOSK)) == {frozenset("ab")}


@pytest.mark.parametrize(
    "links", [[(A, B)], [(A, B), (Z, WAS_A)], [(A, WAS_A), (B, KIOSK)], [(A, B), (C, WAS_B)]]
)
def test_user_ids_without_a_matching_former_user_id_stay_separate(
    links: list[tuple[Identity, Identity]],
) -> None:
    assert classes(*links) == set()
