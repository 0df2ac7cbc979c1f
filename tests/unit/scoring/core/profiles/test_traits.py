from datetime import timedelta
from typing import Any

from services.scoring.core.profiles.traits import NOTHING_KNOWN, History
from tests.support.builders import NOON, identities
from tests.unit.scoring.known import TODAY


def history(*reports: tuple[int, str, str, Any], **known_as: str) -> History:
    """Reports of traits as (day, event id, trait, value), of a person with these identities."""
    return History(
        [(NOON + timedelta(days=day), event, trait, value) for day, event, trait, value in reports],
        identities(**known_as),
    )


def test_the_latest_report_of_a_trait_wins_in_any_order() -> None:
    traits = history((5, "b", "title", "VP"), (9, "c", "title", "Chief"), (0, "a", "title", "Intern"))
    assert [traits.reported(TODAY + day) for day in (-1, 0, 4, 5, 9)] == [
        {},
        {"title": "Intern"},
        {"title": "Intern"},
        {"title": "VP"},
        {"title": "Chief"},
    ]


def test_at_the_same_instant_the_greater_event_id_wins() -> None:
    assert history((0, "b", "title", "VP"), (0, "a", "title", "Intern")).reported(TODAY) == {"title": "VP"}


def test_within_a_day_the_later_instant_wins() -> None:
    traits = History([(NOON, "a", "title", "VP"), (NOON - timedelta(hours=1), "z", "title", "Intern")], ())
    assert traits.reported(TODAY) == {"title": "VP"}


def test_null_removes_a_trait_until_the_next_report() -> None:
    traits = history((0, "a", "title", "VP"), (1, "b", "title", None), (2, "c", "title", "VP"))
    assert [traits.reported(TODAY + day) for day in range(3)] == [{"title": "VP"}, {}, {"title": "VP"}]


def test_false_and_zero_are_values_of_traits() -> None:
    assert history((0, "a", "consent", False), (0, "b", "seats", 0)).reported(TODAY) == {
        "consent": False,
        "seats": 0,
    }


def test_traits_are_sorted_by_name() -> None:
    assert list(history((0, "a", "title", "VP"), (0, "b", "country", "DE")).reported(TODAY)) == [
        "country",
        "title",
    ]


def test_days_with_reported_traits_are_sorted() -> None:
    assert history((5, "a", "title", "VP"), (0, "b", "title", "Chief")).days == [TODAY, TODAY + 5]


def test_a_day_is_a_utc_day() -> None:
    late = NOON.replace(hour=23, minute=59)
    assert History(
        [(late, "a", "title", "VP"), (late + timedelta(minutes=1), "b", "title", None)], ()
    ).days == [
        TODAY,
        TODAY + 1,
    ]


def test_each_kind_of_identity_is_a_derived_trait_with_its_smallest_value() -> None:
    known = History((), (*identities(phone="+4912345"), *identities(phone="+4911111", twitter="@ana")))
    assert known.at(TODAY) == {"phone": "+4911111", "twitter": "ana"}


def test_domain_and_company_are_derived_from_an_email_address() -> None:
    of_company = {"email": "ana@corp.example", "email_domain": "corp.example", "company": "corp.example"}
    assert history(email="ana@corp.example").at(TODAY) == of_company
    assert history(email="ana@gmail.com").at(TODAY) == {"email": "ana@gmail.com", "email_domain": "gmail.com"}


def test_company_comes_from_the_first_business_address() -> None:
    both = (*identities(email="zoe@corp.example"), *identities(email="ana@gmail.com"))
    assert History((), both).at(TODAY) == {
        "email": "ana@gmail.com",
        "email_domain": "corp.example",
        "company": "corp.example",
    }


def test_reported_traits_take_precedence_over_derived_traits() -> None:
    traits = history((3, "a", "company", "Corp"), (6, "b", "company", None), email="ana@corp.example")
    companies = [traits.at(TODAY + day)["company"] for day in (2, 3, 6)]
    assert companies == ["corp.example", "Corp", "corp.example"]


def test_only_domain_and_company_of_the_derived_traits_are_shown() -> None:
    traits = history(
        (0, "a", "title", "VP"), (2, "b", "company", "Corp"), email="ana@corp.example", phone="+4912345"
    )
    assert traits.shown(TODAY) == {"company": "corp.example", "email_domain": "corp.example", "title": "VP"}
    assert list(traits.shown(TODAY)) == ["company", "email_domain", "title"]
    assert traits.shown(TODAY + 2)["company"] == "Corp"
    assert history((0, "a", "title", "VP"), email="ana@gmail.com").shown(TODAY) == {
        "email_domain": "gmail.com",
        "title": "VP",
    }


def test_nothing_known_has_no_days_and_no_traits() -> None:
    assert (NOTHING_KNOWN.days, NOTHING_KNOWN.at(TODAY), NOTHING_KNOWN.shown(TODAY)) == ((), {}, {})
