"""Rules, requires, exclusions, lists and the hand-off agree on what is known of a person.

Traits are judged in Python, so the many examples need only one dialect.
"""

from typing import Any

import pytest

from services.handoff.payload.person import NOT_PROVIDED, company_of, person_of
from shared.events import LeadQualified
from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import ScoringHttpWorld

WHO = {"email": "ana@gmail.com"}


def model(trait: str, **more: Any) -> dict[str, Any]:
    return {
        "flip_number": 10,
        "rules": [rule("visits", 10)],
        "traits": [{"id": "lacks", "when": {trait: {"missing": True}}, "points": 1}],
        "requires": [trait],
        **more,
    }


async def told(scoring: ScoringHttpWorld, traits: dict[str, Any], day: int = 0) -> dict[str, Any]:
    """Report traits of a person who has reached the flip number, and return the entry in `scores`."""
    await scoring.consume(interaction(day=-9, known_as=WHO))
    await scoring.consume(interaction("identify", day=day, known_as=WHO, traits=traits))
    standing = (await scoring.find_profile("ana@gmail.com"))["scores"]["m"]
    path = await scoring.profile_path("ana@gmail.com")
    reasons = (await scoring.get(f"{path}/scores/m"))["reasons"]
    rule_says = any(reason["rule"] == "lacks" for reason in reasons)
    assert rule_says == bool(standing["missing"]) == (standing["state"] == "waiting_for_data")
    return standing


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("trait", "traits"),
    [
        ("company", {"company": ""}),
        ("company", {"company": {"id": 7}}),
        ("company", {"company": {"name": " "}}),
        ("company", {"company": "[not provided]"}),
        ("company", {"company": True}),
        ("company", {"company": "\u200b"}),
        ("last_name", {"last_name": {"a": 1}}),
        ("last_name", {"lastName": ["", None]}),
        ("title", {"jobTitle": "n/a"}),
        ("address.city", {"address": {"city": ""}}),
        ("seats", {"seats": []}),
    ],
)
async def test_a_trait_without_a_known_value_is_missing_for_rules_and_requires(
    scoring: ScoringHttpWorld, trait: str, traits: dict[str, Any]
) -> None:
    await scoring.activate_document(model(trait))
    assert (await told(scoring, traits))["missing"] == [trait]
    assert await scoring.outbox_events(LeadQualified) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("trait", "traits", "person", "company"),
    [
        ("last_name", {"lastName": "Silva"}, {"last_name": "Silva"}, {}),
        ("lastName", {"last_name": "Silva"}, {"last_name": "Silva"}, {}),
        ("last_name", {"name": "Ana Maria Silva"}, {"first_name": "Ana Maria", "last_name": "Silva"}, {}),
        ("title", {"jobTitle": "CTO"}, {"title": "CTO"}, {}),
        ("jobTitle", {"job_title": "CTO"}, {"title": "CTO"}, {}),
        ("company", {"companyName": "Acme"}, {}, {"name": "Acme"}),
        ("company", {"company": {"name": "Acme", "employee_count": 7}}, {}, {"name": "Acme", "size": "7"}),
        ("company.name", {"company": "Acme"}, {}, {"name": "Acme"}),
        ("company.plan", {"company": {"name": "Acme", "plan": "pro"}}, {}, {"name": "Acme"}),
        ("company_size", {"company": {"employees": 7}}, {}, {"size": "7"}),
        ("industry", {"company": {"industry": "shoes"}}, {}, {"industry": "shoes"}),
        ("company_domain", {"website": "acme.example"}, {}, {"domain": "acme.example"}),
        ("address.city", {"address": {"city": "Rome"}}, {}, {}),
        ("seats", {"seats": 0}, {}, {}),
    ],
)
async def test_a_trait_known_under_any_name_reaches_the_lead(
    scoring: ScoringHttpWorld,
    trait: str,
    traits: dict[str, Any],
    person: dict[str, str],
    company: dict[str, str],
) -> None:
    await scoring.activate_document(model(trait))
    assert (await told(scoring, traits))["missing"] == []
    (lead,) = await scoring.outbox_events(LeadQualified)
    assert person.items() <= person_of(lead.traits, lead.identities).items()
    assert company.items() <= company_of(lead.traits).items()
    if trait.startswith("company") and trait != "company_size":
        assert company_of(lead.traits) != {"name": NOT_PROVIDED}


async def test_a_blank_value_leaves_a_trait_unchanged_and_null_removes_it(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(model("company"))
    for day, (traits, missing) in enumerate(
        [
            ({"company": "Acme"}, []),
            ({"company": ""}, []),
            ({"companyName": " ", "company": {"id": 7}}, []),
            ({"company": {"name": "[not provided]"}}, []),
            ({"companyName": None}, ["company"]),
            ({"company": {"name": "Globex"}}, []),
        ],
        start=-8,
    ):
        assert (await told(scoring, traits, day))["missing"] == missing, traits


async def test_the_latest_value_of_a_trait_wins_under_any_trait_name(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(model("last_name"))
    await told(scoring, {"last_name": "Silva"}, day=-3)
    await told(scoring, {"lastName": "Costa"}, day=-2)
    await told(scoring, {"surname": "Early"}, day=-5)
    assert (await scoring.find_profile("ana@gmail.com"))["traits"]["last_name"] == "Costa"


async def test_exclusions_accept_trait_names_paths_and_objects(scoring: ScoringHttpWorld) -> None:
    excludes = [{"companyName": "Rival"}, {"address.country": "XX"}]
    await scoring.activate_document({"flip_number": 10, "rules": [rule("visits", 10)], "excludes": excludes})
    await scoring.consume(interaction(known_as=WHO, traits={"company": {"name": "Rival"}}))
    await scoring.consume(
        interaction(known_as={"email": "b@gmail.com"}, traits={"address": {"country": "XX"}})
    )
    assert (await scoring.score_over_http("ana@gmail.com"))["state"] == "excluded"
    assert (await scoring.score_over_http("b@gmail.com"))["state"] == "excluded"


async def test_profiles_can_be_filtered_by_any_trait_name_path_or_effect(
    scoring: ScoringHttpWorld,
) -> None:
    people: dict[str, dict[str, Any]] = {
        "ana": {"lastName": "Silva", "address": {"city": "Rome", "zip": 12}},
        "bob": {"name": "Bob Silva", "address": {"city": "Rome", "zip": 123}},
        "cy": {"company": {"name": "Acme", "plan": "pro"}, "address": {"city": "rome"}},
        "di": {"address.city": "Rome"},
    }
    for name, traits in people.items():
        await scoring.consume(interaction(known_as={"email": f"{name}@gmail.com"}, traits=traits))
    await scoring.consume(interaction("purchase", known_as={"email": "di@gmail.com"}))
    for wanted, found in {
        "last_name:Silva": {"ana", "bob"},
        "lastName:Silva": {"ana", "bob"},
        "first_name:Bob": {"bob"},
        "company:Acme": {"cy"},
        "company.name:Acme": {"cy"},
        "company.plan:pro": {"cy"},
        "company_plan:pro": {"cy"},
        "address.city:Rome": {"ana", "bob", "di"},
        "address.zip:12": {"ana"},
        "address.zip:1": set[str](),
        "lifecycle:customer": {"di"},
        "consent_email:false": set[str](),
    }.items():
        listed = (await scoring.get("/v1/profiles", trait=wanted))["items"]
        assert {one["identities"][0]["value"].partition("@")[0] for one in listed} == found, wanted


async def test_the_ways_to_flip_include_a_trait_rule_with_another_trait_name(
    scoring: ScoringHttpWorld,
) -> None:
    traits = [{"id": "decides", "when": {"jobTitle": "VP", "company.name": {"exists": True}}, "points": 5}]
    await scoring.activate_document({"flip_number": 15, "rules": [rule("visits", 10)], "traits": traits})
    await scoring.consume(interaction(known_as=WHO, traits={"job_title": "Clerk"}))
    path = await scoring.profile_path("ana@gmail.com")
    ways = (await scoring.get(f"{path}/scores/m/why-flipped"))["ways"]
    assert [way["rule"] for way in ways] == ["visits", "decides"]


async def test_the_ways_to_flip_do_not_include_touches(scoring: ScoringHttpWorld) -> None:
    mailed = rule("mailed", 5, when={"type": ["email_sent", "call"]})
    await scoring.activate_document({"flip_number": 15, "rules": [rule("visits", 10), mailed]})
    await scoring.consume(interaction(known_as=WHO))
    path = await scoring.profile_path("ana@gmail.com")
    ways = (await scoring.get(f"{path}/scores/m/why-flipped"))["ways"]
    assert [way["rule"] for way in ways] == ["visits"]


async def test_a_lead_contains_its_campaign_and_offer_and_drafts_warn_about_misuse(
    scoring: ScoringHttpWorld,
) -> None:
    offer = {"name": "10 %", "coupon": "MARATON10"}
    matrix = {"flip_number": 10, "rules": [rule("visits", 10)], "audience": "offer", "offer": offer}
    answer = await scoring.put("/v1/models/m/draft", matrix)
    assert [(one["field"], one["code"]) for one in answer["warnings"]] == [("campaign", "campaign_missing")]
    answer = await scoring.put("/v1/models/other/draft", matrix | {"audience": "sales"})
    assert [(one["field"], one["code"]) for one in answer["warnings"]] == [("offer", "offer_unused")]
    mailed = rule("mailed", 5, when={"type": "email_sent"})
    answer = await scoring.put("/v1/models/other/draft", {"flip_number": 5, "rules": [mailed]})
    (touch,) = answer["warnings"]
    assert (touch["field"], touch["code"], touch["rule"]) == ("rules.0.when", "touch_priced", "mailed")
    await scoring.activate_document(matrix | {"campaign": "maraton"})
    await scoring.consume(interaction(known_as=WHO))
    (lead,) = await scoring.outbox_events(LeadQualified)
    assert lead.offer is not None
    assert (lead.campaign, lead.offer.name, lead.offer.coupon) == ("maraton", "10 %", "MARATON10")
    changed = await scoring.put(
        "/v1/models/m/draft", matrix | {"campaign": "otono", "offer": {"name": "5 %"}}
    )
    assert changed["warnings"] == []
    texts = [one["text"] for one in (await scoring.get("/v1/models/m/difference"))["changes"]]
    assert texts == [
        "campaign maraton -> otono",
        "offer: name 10 % -> 5 %",
        "offer: coupon MARATON10 removed",
    ]
    for wrong, field in (
        ({"campaign": "Maratón"}, "campaign"),
        ({"offer": {"name": ""}}, "offer.name"),
        ({"offer": {"cupon": "x", "name": "y"}}, "offer.cupon"),
        ({"offer": "10 %"}, "offer"),
    ):
        refused = await scoring.refusal("PUT", "/v1/models/m/draft", json=matrix | wrong)
        assert refused == (400, "matrix_invalid", field)
