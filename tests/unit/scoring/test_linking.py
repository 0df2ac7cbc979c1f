from datetime import timedelta

from services.scoring.linking import People, Person
from tests.builders import NOON, identities, interaction


def known(age_days: int, **named: str) -> Person:
    mine = identities(**named)
    return Person(mine[0].id, NOON - timedelta(days=age_days), {one.id: one for one in mine})


def profile(people: People, **named: str) -> str:
    (identity,) = identities(**named)
    return people.of(identity.id).id


def test_a_new_identity_founds_a_profile_that_bears_its_id() -> None:
    people = People([])
    people.see(interaction(known_as={"email": "ana@example.com"}))
    assert profile(people, email="ana@example.com") == identities(email="ana@example.com")[0].id


def test_the_identities_of_one_event_are_one_person() -> None:
    people = People([])
    people.see(interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"}))
    assert profile(people, anonymous_id="cookie") == profile(people, email="ana@example.com")


def test_two_known_profiles_become_the_older_one() -> None:
    people = People([known(9, anonymous_id="cookie"), known(3, email="ana@example.com")])
    people.see(interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"}))
    cookie, email = identities(anonymous_id="cookie")[0].id, identities(email="ana@example.com")[0].id
    assert people.of(email).id == cookie
    assert people.moved == {email: cookie}


def test_a_chain_of_links_makes_one_person_whatever_its_order() -> None:
    links = [{"twitter": "a", "facebook": "b"}, {"email": "a@b.example", "phone": "+34600000000"}]
    bridge = {"facebook": "b", "phone": "+34600000000"}
    for order in ([*links, bridge], [bridge, *links], [links[0], bridge, links[1]]):
        people = People([])
        for named in order:
            people.see(interaction("identify", known_as=named))
        assert profile(people, twitter="a") == profile(people, email="a@b.example")


def test_two_users_of_one_device_stay_two_people() -> None:
    people = People([])
    people.see(interaction("identify", known_as={"anonymous_id": "kiosk", "user_id": "ana"}))
    people.see(interaction("identify", known_as={"anonymous_id": "kiosk", "user_id": "ben"}))
    assert profile(people, user_id="ana") != profile(people, user_id="ben")
    assert profile(people, anonymous_id="kiosk") == profile(people, user_id="ana")


def test_an_indirect_link_does_not_join_two_users_either() -> None:
    people = People([known(9, user_id="ana", email="ana@example.com"), known(3, user_id="ben")])
    people.see(interaction("identify", known_as={"user_id": "ben", "email": "ana@example.com"}))
    assert profile(people, user_id="ana") != profile(people, user_id="ben")
    assert people.moved == {}
