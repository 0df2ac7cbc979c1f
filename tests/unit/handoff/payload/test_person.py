"""The person that sales will call."""

from typing import Any

import pytest

from services.handoff.payload.person import NOT_PROVIDED, company_of, person_of
from services.handoff.payload.trimming import MAX_FIELD_BYTES, clipped
from shared.identity import Identity


def test_traits_in_snake_case_take_precedence_over_segment_names() -> None:
    person = person_of({"first_name": "Ana", "firstName": "Anna", "jobTitle": "CTO"}, ())
    assert (person["first_name"], person["title"]) == ("Ana", "CTO")


def test_a_whole_name_is_split_where_the_last_word_begins() -> None:
    person = person_of({"name": "Ana Maria Silva"}, ())
    assert (person["first_name"], person["last_name"]) == ("Ana Maria", "Silva")


def test_a_known_last_name_is_not_taken_from_the_whole_name() -> None:
    person = person_of({"name": "Dr. Ana Silva", "last_name": "Silva Costa"}, ())
    assert (person["first_name"], person["last_name"]) == (None, "Silva Costa")


def test_email_and_phone_fall_back_to_the_identities() -> None:
    known = (
        Identity("email", "ana@x.example"),
        Identity("email", "b@x.example"),
        Identity("phone", "+39061"),
    )
    assert person_of({}, known)["email"] == "ana@x.example"
    assert person_of({"email": "office@x.example"}, known)["email"] == "office@x.example"
    assert person_of({}, known)["phone"] == "+39061"


@pytest.mark.parametrize("traits", [{}, {"last_name": "  "}, {"last_name": None}, {"last_name": {"a": 1}}])
def test_the_last_name_and_the_company_are_never_empty(traits: dict[str, Any]) -> None:
    assert person_of(traits, ())["last_name"] == NOT_PROVIDED
    assert company_of(traits)["name"] == NOT_PROVIDED


def test_a_company_may_be_a_text_or_an_object() -> None:
    assert company_of({"company": "Acme", "company_size": 50})["size"] == "50"
    described = company_of({"company": {"name": "Acme", "employee_count": 7}, "industry": "shoes"})
    assert (described["name"], described["size"], described["industry"]) == ("Acme", "7", "shoes")


def test_clipped_returns_one_clean_line_of_bounded_size() -> None:
    assert clipped(" Ana\r\n\x00 Maria\u202e ") == "Ana Maria"
    assert len(clipped("ü" * 1000).encode()) <= MAX_FIELD_BYTES
