"""The known traits of a person, whichever names the reports used."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.known_traits import (
    KNOWN_TRAITS,
    MAX_PARTS_OF_AN_OBJECT,
    canonical,
    canonical_traits,
    completed,
    objects_with,
    reader,
    sources,
    text_of,
)


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("last_name", "last_name"),
        ("lastName", "last_name"),
        ("LastName", "last_name"),
        ("lastname", "last_name"),
        ("Last Name", "last_name"),
        ("last-name", "last_name"),
        ("surname", "last_name"),
        ("firstName", "first_name"),
        ("jobTitle", "title"),
        ("job_title", "title"),
        ("jobtitle", "title"),
        ("Title", "title"),
        ("companyName", "company"),
        ("company.name", "company"),
        ("Company.Name", "company"),
        ("company.employee_count", "company_size"),
        ("company.employees", "company_size"),
        ("company.size", "company_size"),
        ("numberOfEmployees", "company_size"),
        ("company.industry", "industry"),
        ("company.website", "company_domain"),
        ("company.plan", "company_plan"),
        ("company.address.city", "company_address.city"),
        ("timezone", "time_zone"),
        ("emailDomain", "email_domain"),
        ("lifecycleStage", "lifecycle"),
        ("consentEmail", "consent_email"),
        ("seats", "seats"),
        ("planName", "planName"),
        ("address.city", "address.city"),
        ("company.", "company."),
        (".x", ".x"),
        ("", ""),
    ],
)
def test_each_spelling_of_a_trait_has_one_canonical_name(written: str, ours: str) -> None:
    assert canonical(written) == ours
    assert canonical(ours) == ours


@pytest.mark.parametrize(
    ("name", "objects"),
    [
        ("seats", set[str]()),
        ("company", set[str]()),
        ("companyName", set[str]()),
        ("company_plan", {"company"}),
        ("Company.plan", {"company"}),
        ("company.address.city", {"company", "company_address"}),
        ("address.city", {"address"}),
        ("jobTitle.code", {"title"}),
    ],
)
def test_objects_with_returns_the_objects_that_may_contain_a_trait(name: str, objects: set[str]) -> None:
    assert objects_with(name) == objects


def test_canonical_names_are_unchanged() -> None:
    assert {canonical(name) for name in KNOWN_TRAITS} == KNOWN_TRAITS


NOTHING: tuple[Any, ...] = (
    "", " ", "\t\n", "\u00a0", "\u200b", "\ufeff", [], {}, [None], ["", " "], [[]], {"a": None}, {"a": [""]},
)  # fmt: skip


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize("trait", ["company", "lastName", "seats", "lifecycle", "consent_email"])
def test_blank_and_empty_values_are_unknown(trait: str, value: Any) -> None:
    # A null within an object takes back the trait that it names, and is no value either.
    assert set(canonical_traits({trait: value}).values()) <= {None}
    assert canonical(trait) not in canonical_traits({trait: value})
    assert reader(trait)({canonical(trait): value}) is None


@pytest.mark.parametrize(
    "text",
    ["[not provided]", "[Not Provided]", "n/a", "N/A", "#N/A", "unknown", "Unknown", "(not set)", "undefined",
     "null", "NULL", "None", "NaN", "-", "--", "?", "...", "{{ company }}", "<company>", "not available"],
)  # fmt: skip
def test_a_placeholder_is_not_a_name_title_or_company(text: str) -> None:
    assert canonical_traits({"company": text, "lastName": text, "title": [text]}) == {}
    assert text_of(text) is None
    assert canonical_traits({"plan": text}) == {"plan": text}, (
        "of other traits nobody knows what is a placeholder"
    )


@pytest.mark.parametrize(
    "text", ["Null", "O", "3M", "Na", "李", "[24]7.ai", "Unknown Pleasures", "-ed", "C#"]
)
def test_names_similar_to_placeholders_are_accepted(text: str) -> None:
    assert canonical_traits({"last_name": text}) == {"last_name": text}


@pytest.mark.parametrize("value", [0, False, 2.5, "x", ["", "x"], {"a": {"b": 0}}])
def test_any_other_value_is_known(value: Any) -> None:
    assert canonical_traits({"plan": value}) == {"plan": value}
    assert reader("plan")({"plan": value}) == value


@pytest.mark.parametrize("value", [True, {"a": 1}, [True], [{"a": 1}]])
def test_booleans_and_objects_are_not_texts(value: Any) -> None:
    assert "last_name" not in canonical_traits({"last_name": value})


def test_null_removes_a_trait_under_each_of_its_names() -> None:
    assert canonical_traits({"lastName": None, "jobTitle": None}) == {"last_name": None, "title": None}


def test_the_canonical_name_takes_precedence_and_a_value_precedes_null() -> None:
    for reported in (
        {"lastName": "B", "last_name": "A"},
        {"last_name": "A", "surname": "C"},
        {"last_name": "A", "lastName": None},
        {"last_name": None, "lastName": "A"},
        {"last_name": " ", "lastName": "A"},
    ):
        assert canonical_traits(reported) == {"last_name": "A"}


def test_a_company_object_sets_the_company_traits() -> None:
    described = {
        "name": "Acme",
        "id": 7,
        "industry": "shoes",
        "employee_count": 40,
        "plan": "pro",
        "size": None,
    }
    assert canonical_traits({"company": described}) == {
        "company": "Acme",
        "company_id": 7,
        "industry": "shoes",
        "company_size": 40,
        "company_plan": "pro",
    }


def test_a_company_object_without_a_name_sets_no_company() -> None:
    assert canonical_traits({"company": {"id": 7}}) == {"company_id": 7}
    assert canonical_traits({"company": {"id": 7}, "companyName": "Acme"}) == {
        "company_id": 7,
        "company": "Acme",
    }


def test_a_flat_trait_takes_precedence_over_an_object() -> None:
    for reported in (
        {"company_size": 5, "company": {"employees": 7}},
        {"company": {"employees": 7}, "company_size": 5},
    ):
        assert canonical_traits(reported) == {"company_size": 5}


def test_a_large_object_sets_known_traits_and_a_limited_number_of_others() -> None:
    large = {f"p{n}": n for n in range(500)} | {"name": "Acme", "x" * 200: 1}
    found = canonical_traits({"company": large})
    assert found["company"] == "Acme"
    assert len(found) == MAX_PARTS_OF_AN_OBJECT + 1
    assert max(map(len, found)) < 128


def test_paths_lead_into_objects_and_flat_keys_take_precedence() -> None:
    city = reader("address.city")
    assert city({"address": {"city": "Rome"}}) == "Rome"
    assert city({"address": {"city": "Rome"}, "address.city": "Oslo"}) == "Oslo"
    for nothing in ({}, {"address": {}}, {"address": "Rome"}, {"address": {"city": " "}}, {"address": None}):
        assert city(nothing) is None
    assert sources("address.city") == {"address.city", "address"}


def test_a_full_name_sets_missing_first_and_last_names() -> None:
    assert completed({"name": "Ana Maria Silva"}) == {
        "name": "Ana Maria Silva",
        "first_name": "Ana Maria",
        "last_name": "Silva",
    }
    assert completed({"name": " Ana  Silva\n"})["first_name"] == "Ana"
    assert completed({"name": "Ana"}) == {"name": "Ana", "last_name": "Ana"}
    assert completed({"name": "Dr. Ana Silva", "last_name": "Silva Costa"}) == {
        "name": "Dr. Ana Silva",
        "last_name": "Silva Costa",
    }
    assert completed({"name": "Ana Silva", "first_name": "Anna"})["first_name"] == "Anna"
    assert sources("lastName") == {"last_name", "name"}


def test_website_locale_and_country_set_missing_company_traits() -> None:
    reported = {"website": "acme.example", "locale": "es", "country": "ES"}
    assert completed(reported) == reported | {
        "company_domain": "acme.example", "language": "es", "company_country": "ES",
    }  # fmt: skip
    assert completed({"website": "a.example", "company_domain": "b.example"})["company_domain"] == "b.example"


def test_text_of_returns_one_clean_line() -> None:
    assert text_of(" Ana\r\n\x00 Maria\u202e ") == "Ana Maria"
    assert text_of(["VP", "", "Board"]) == "VP, Board"
    assert (text_of(7), text_of(2.5), text_of(True), text_of(None)) == ("7", "2.5", None, None)


@given(
    st.dictionaries(
        st.sampled_from(["company", "companyName", "last_name", "lastName", "name", "x", "company.id"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=4,
        ),
    )
)
def test_reading_traits_is_idempotent(traits: dict[str, Any]) -> None:
    found = canonical_traits(traits)
    assert canonical_traits(found) == found
