from typing import Any

import pytest

from services.scoring.core.pricing.appraisal import MAX_COMPANY, Appraisal, appraise, company_of, state_of
from services.scoring.core.profiles.traits import History
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from shared.identity import Identity
from tests.support.builders import NOON, interaction, rule
from tests.unit.scoring.known import TODAY, identify, known, ruled_by

ANA = {"email": "ana@corp.example"}
DECIDES = {"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 20}


def appraised(rules: Matrix, *interactions: Interaction, day: int = 0) -> Appraisal:
    return appraise(known(rules, *interactions), rules, TODAY + day)


def test_an_appraisal_has_score_stage_grade_state_company_and_due_day() -> None:
    rules = ruled_by(
        rule(points=30, window="30d"), traits=[DECIDES], stages={"aware": 5, "ready": 25}, requires=["phone"]
    )
    done = [interaction(known_as=ANA), identify(title="VP", known_as=ANA)]
    assert appraised(rules, *done) == Appraisal(
        score=50,
        stage="ready",
        grade="A1",
        state="waiting_for_data",
        company="corp.example",
        excluded=False,
        due_on=TODAY + 30,
    )


def test_a_matrix_without_trait_rules_and_grades_gives_no_grade() -> None:
    rules = ruled_by(rule(points=30, window="30d"))
    assert appraised(rules, interaction(known_as=ANA)) == Appraisal(
        score=30,
        stage=None,
        grade=None,
        state="qualified",
        company="corp.example",
        excluded=False,
        due_on=TODAY + 30,
    )


def test_excluded_is_set_at_any_score() -> None:
    rules = ruled_by(rule(points=30), excludes=[{"lifecycle": "customer"}])
    customer = identify(known_as=ANA, lifecycle="customer")
    states = [
        (appraisal.state, appraisal.excluded)
        for done in ([], [interaction(known_as=ANA)])
        for appraisal in (appraised(rules, *done, identify(known_as=ANA)), appraised(rules, *done, customer))
    ]
    assert states == [("below", False), ("below", True), ("qualified", False), ("excluded", True)]


def test_a_past_day_is_appraised_by_the_traits_known_on_that_day() -> None:
    rules = ruled_by(rule(points=30), traits=[DECIDES], requires=["title"])
    done = [interaction(), identify(title="VP", day=3), identify(title=None, day=5)]
    days = [appraised(rules, *done, day=day) for day in (-1, 0, 3, 5)]
    assert [day.state for day in days] == ["below", "waiting_for_data", "qualified", "waiting_for_data"]
    assert [day.due_on for day in days] == [TODAY, TODAY + 3, TODAY + 5, None]


@pytest.mark.parametrize(
    ("score", "traits", "state"),
    [
        (24.999, {"title": "VP", "lifecycle": "customer"}, "below"),
        (25, {"title": "VP"}, "qualified"),
        (25, {}, "waiting_for_data"),
        (25, {"title": "VP", "lifecycle": "customer"}, "excluded"),
        (25, {"lifecycle": "customer"}, "excluded"),
    ],
)
def test_the_state_depends_on_score_exclusions_and_required_traits(
    score: float, traits: dict[str, Any], state: str
) -> None:
    rules = ruled_by(rule(), requires=["title"], excludes=[{"lifecycle": {"eq": "customer"}}])
    history = History([(NOON, "told", name, value) for name, value in traits.items()], ())
    assert state_of(score, rules, history, TODAY) == state


def test_exclusions_are_described_and_missing_traits_are_in_matrix_order() -> None:
    rules = ruled_by(
        rule(), requires=["title", "email", "company"], excludes=[{"country": "FR"}, {"seats": {"lt": 5}}]
    )
    excluded = rules.excluded_by({"country": "DE", "seats": 4}, ())
    assert excluded is not None
    assert "seats" in excluded
    assert rules.excluded_by({"country": "DE", "seats": 5}, ()) is None
    assert rules.missing({"email": "ana@corp.example"}) == ("title", "company")


def test_an_excluded_domain_of_any_email_address_excludes_the_profile() -> None:
    """The trait shows only one of several domains, the first in the alphabet."""
    rules = ruled_by(rule(points=30), excludes=[{"email_domain": {"in": ["competitor.example"]}}])
    at = {name: {"email": f"ana@{name}.example", "user_id": "1"} for name in ("acme", "competitor", "zenith")}
    done = {name: interaction(known_as=known_as) for name, known_as in at.items()}
    assert appraised(rules, done["acme"], done["zenith"]).state == "qualified"
    assert appraised(rules, done["acme"], done["competitor"]).state == "excluded"
    assert appraised(rules, done["competitor"], done["zenith"]).state == "excluded"
    reported = identify(email_domain="zenith.example", known_as=at["competitor"])
    assert appraised(rules, done["competitor"], reported).state == "qualified"
    of = known(rules, done["acme"], done["competitor"])
    assert of.traits.shown(TODAY)["email_domain"] == "acme.example"


def at_domain(domain: str) -> Interaction:
    return interaction(known_as={"email": f"ana@{domain}"})


@pytest.mark.parametrize(
    ("condition", "domain", "state"),
    [
        ({"email_domain": "acme.com"}, "mail.acme.com", "excluded"),
        ({"email_domain": {"in": ["acme.co.uk"]}}, "a.b.acme.co.uk", "excluded"),
        ({"email_domain": "mail.acme.com"}, "mail.acme.com", "excluded"),
        ({"email_domain": "mail.acme.com"}, "acme.com", "qualified"),
        ({"email_domain": "acme.com"}, "notacme.com", "qualified"),
        ({"email_domain": "co.uk"}, "acme.co.uk", "qualified"),
        ({"not": {"email_domain": "acme.com"}}, "mail.acme.com", "qualified"),
        ({"not": {"email_domain": "mail.acme.com"}}, "mail.acme.com", "qualified"),
        ({"not": {"email_domain": "acme.com"}}, "zenith.com", "excluded"),
    ],
)
def test_an_exclusion_of_a_company_domain_covers_its_subdomains(
    condition: dict[str, Any], domain: str, state: str
) -> None:
    rules = ruled_by(rule(points=30), excludes=[condition])
    assert appraised(rules, at_domain(domain)).state == state
    reported = identify(email_domain=domain, known_as={"user_id": "1"})
    assert appraised(rules, interaction(known_as={"user_id": "1"}), reported).state == state


def test_a_profile_with_a_subdomain_address_counts_to_the_company_of_the_domain() -> None:
    rules = ruled_by(rule(points=30))
    assert {appraised(rules, at_domain(domain)).company for domain in ("acme.com", "mail.acme.com")} == {
        "acme.com"
    }
    assert known(rules, at_domain("mail.acme.com")).traits.shown(TODAY) == {
        "company": "acme.com", "email_domain": "mail.acme.com"
    }  # fmt: skip


@pytest.mark.parametrize("blank", ["", "  ", "\t\n"])
def test_a_blank_required_trait_counts_as_missing(blank: str) -> None:
    rules = ruled_by(rule(), requires=["title", "seats"])
    assert rules.missing({"title": blank, "seats": 0}) == ("title",)
    assert rules.missing({"title": f"{blank}VP", "seats": False}) == ()


@pytest.mark.parametrize(
    ("traits", "company"),
    [
        ({"email_domain": "corp.example", "company": "Corp Ltd"}, "corp.example"),
        ({"email_domain": "gmail.com", "company": "  Corp LTD "}, "corp ltd"),
        ({"company": "STRASSE"}, "strasse"),
        ({"company": "Straße"}, "strasse"),
        ({"company": "   "}, None),
        ({"company": 7}, "7"),
        ({"company": ["Corp", "Other"]}, "corp, other"),
        ({"company": True}, None),
        ({"email_domain": 7, "company": "Corp"}, "corp"),
        ({"company": "x" * 300}, "x" * MAX_COMPANY),
        ({"email_domain": "gmail.com"}, None),
        ({}, None),
    ],
)
def test_the_company_is_a_business_email_domain_or_else_the_company_trait(
    traits: dict[str, Any], company: str | None
) -> None:
    reported = [(NOON, "told", name, value) for name, value in traits.items()]
    assert company_of(History(reported, ()), TODAY) == company


@pytest.mark.parametrize(
    ("address", "traits", "company"),
    [
        ("ana@mail.corp.example", {}, "corp.example"),
        ("ana@corp.example", {"company": "Other"}, "corp.example"),
        ("ana@corp.example", {"email_domain": "other.example"}, "other.example"),
        ("ana@corp.example", {"email_domain": "gmail.com"}, "corp.example"),
        ("ana@gmail.com", {"company": "Corp"}, "corp"),
        ("ana@gmail.com", {}, None),
    ],
)
def test_the_email_address_gives_the_company_when_no_domain_trait_does(
    address: str, traits: dict[str, Any], company: str | None
) -> None:
    reported = [(NOON, "told", name, value) for name, value in traits.items()]
    assert company_of(History(reported, [Identity("email", address)]), TODAY) == company


def test_a_stage_is_the_highest_threshold_reached() -> None:
    stages = ruled_by(rule(points=1), stages={"ready": 3, "aware": 1})
    seen = [appraised(stages, *[interaction()] * times).stage for times in range(5)]
    assert seen == [None, "aware", "aware", "ready", "ready"]


@pytest.mark.parametrize(
    ("fit", "letter"), [(16, "A"), (15, "A"), (14, "B"), (10, "B"), (9, "C"), (5, "C"), (4, "D")]
)
@pytest.mark.parametrize(
    ("done", "digit"), [(25, 1), (24, 2), (12.5, 2), (12, 3), (6.25, 3), (6, 4), (-9, 4)]
)
def test_grades_are_fractions_of_the_highest_fit_and_of_the_flip_number(
    fit: float, letter: str, done: float, digit: int
) -> None:
    """The highest fit does not include trait rules that take points."""
    takes = {"id": "student", "when": {"title": {"eq": "student"}}, "points": -50}
    rules = ruled_by(rule(), traits=[DECIDES, takes], flip_number=25)
    assert rules.grade(fit, done) == f"{letter}{digit}"


def test_custom_grade_thresholds_work_without_trait_rules() -> None:
    rules = ruled_by(rule(points=10), grades={"fit": [30, 20, 10], "engagement": [20, 10, 0]})
    assert appraised(rules, interaction(), interaction()).grade == "D1"
    assert [rules.grade(fit, 0) for fit in (30, 29, 20, 10, 9)] == ["A3", "B3", "B3", "C3", "D3"]
    assert [rules.grade(30, done) for done in (20, 19, 9, -1)] == ["A1", "A2", "A3", "A4"]
