"""Warnings about drafts of a running service, judged by names that really came with events."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from services.scoring.store import names
from shared.database.engine import Database
from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import ScoringHttpWorld, run_scoring

DRAFT = "/v1/models/m/draft"
PLAIN: dict[str, Any] = {"flip_number": 10, "rules": [rule("visits", 10)]}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    """A service with events of people who opened mails, saw pages and reported their titles."""
    async with run_scoring(database, tmp_path) as running:
        await running.activate_document(PLAIN, model="other")
        await running.consume(
            interaction("email_open", mailing="spring"),
            interaction(path="/pricing", url="https://shop.example/pricing", seats="5"),
            interaction(traits={"title": "VP", "employees": 12, "newsletter": True, "topics": ["running"]}),
            interaction("bike_ride", known_as={"discord": "ana"}, distance=12.5),
        )
        yield running


async def warned(scoring: ScoringHttpWorld, **document: Any) -> list[dict[str, Any]]:
    """Return the warnings about a draft, after a check that a read of the draft gives the same."""
    warnings = (await scoring.put(DRAFT, PLAIN | document))["warnings"]
    assert (await scoring.get(DRAFT))["warnings"] == warnings
    return warnings


def asking(**when: Any) -> list[dict[str, Any]]:
    return [rule("asks", 10, when={"type": "visit"} | when)]


PER_MAILNG = {"times": 1, "per": "ever", "by": "mailng"}
NOBODY = ("flip_number", "no_lead_expected", None)
EXAMPLES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str | None]]]] = {
    "a requirement that is misspelt": (
        {"requires": ["emial"]}, [("requires.0", "trait_unknown", "email")],
    ),
    "an exclusion of everybody with an address": (
        {"excludes": [{"email": {"exists": True}}]}, [("excludes", "excludes_reachable", None)],
    ),
    "an exclusion of all who have what is required": (
        {"requires": ["email"], "excludes": [{"email": {"exists": True}}]},
        [("excludes.0", "no_lead_possible", None)],
    ),
    "a path without a slash": (
        {"rules": asking(where={"path": {"starts_with": "pricing"}})},
        [NOBODY, ("rules.0.when.where.path", "path_without_slash", "/pricing")],
    ),
    "a whole address for a path": (
        {"rules": asking(where={"path": "https://shop.example/pricing?plan=pro"})},
        [NOBODY, ("rules.0.when.where.path", "path_with_host", "/pricing")],
    ),
    "a limit by what never came": (
        {"rules": [rule("mails", 10, when={"type": "email_open"}, limit=PER_MAILNG)]},
        [("rules.0.limit.by", "property_unknown", "mailing")],
    ),
    "a stage above the flip number": (
        {"stages": {"aware": 5, "hot": 40}}, [("stages.hot", "stage_above_flip", None)],
    ),
    "a type as trackers call the event": (
        {"rules": asking(type="Order Completed")},
        [("flip_number", "no_lead_possible", None), ("rules.0.when.type", "type_not_snake_case", "purchase")],
    ),
    "a number for what came as a text": (
        {"rules": asking(where={"seats": {"gte": 5}})},
        [NOBODY, ("rules.0.when.where.seats", "form_mismatch", None)],
    ),
    "a text for what came as a number": (
        {"excludes": [{"employees": {"eq": "12"}}]}, [("excludes.0.employees", "form_mismatch", None)],
    ),
    "a text for what came as true or false": (
        {"excludes": [{"newsletter": "true"}]}, [("excludes.0.newsletter", "form_mismatch", None)],
    ),
    "a text for what came as a list": (
        {"traits": [{"id": "runs", "when": {"topics": "running"}, "points": 1}]},
        [("traits.0.when.topics", "form_mismatch", None)],
    ),
    "a property where a trait was meant": (
        {"rules": asking(where={"title": {"matches_any": ["vp"]}, "employees": {"gt": 5}})},
        [NOBODY, ("rules.0.when.where.employees", "property_unknown", None)],
    ),
    "a domain in capitals": (
        {"excludes": [{"email_domain": {"in": ["Competitor.example"]}}]},
        [("excludes.0.email_domain", "domain_form", "competitor.example")],
    ),
    "two rules that nobody comes to": (
        {"flip_number": 30, "rules": [rule("a", 20, cap=20), *asking(type="bike_rid")]},
        [NOBODY, ("rules.1.when.type", "type_unknown", "bike_ride")],
    ),
}  # fmt: skip


async def test_probable_mistakes_in_a_draft_are_warned_about_with_suggestions(
    scoring: ScoringHttpWorld,
) -> None:
    for example, (document, expected) in EXAMPLES.items():
        warnings = await warned(scoring, **document)
        assert [(one["field"], one["code"], one["suggestion"]) for one in warnings] == expected, example


async def test_a_matrix_that_uses_only_seen_names_has_no_warnings(scoring: ScoringHttpWorld) -> None:
    rules = [
        rule("mails", 5, when={"type": "email_open"}, limit={"times": 1, "per": "ever", "by": "mailing"}),
        rule("rides", 5, when={"type": "bike_ride", "where": {"distance": {"gt": 10}}}),
        rule(
            "pricing", 5, when={"type": "visit", "where": {"path": {"starts_with": "/pricing"}, "seats": "5"}}
        ),
    ]
    traits = [{"id": "decides", "when": {"title": {"matches_any": ["vp"]}}, "points": 5}]
    kept = {"requires": ["email", "discord", "employees"], "excludes": [{"newsletter": False}]}
    assert await warned(scoring, rules=rules, traits=traits, **kept) == []


async def test_a_warning_names_the_rule_the_seen_names_and_the_suggestion(scoring: ScoringHttpWorld) -> None:
    limited = rule(
        "mails", 10, when={"type": "email_open"}, limit={"times": 1, "per": "ever", "by": "mailng"}
    )
    assert await warned(scoring, rules=[limited]) == [
        {
            "field": "rules.0.limit.by",
            "code": "property_unknown",
            "message": (
                "all matches share one limit, since no event ever brought the property mailng; "
                "did you mean `mailing`?"
            ),
            "rule": "mails",
            "seen": ["distance", "mailing", "path", "seats", "url"],
            "suggestion": "mailing",
        }
    ]


async def test_a_new_instance_warns_only_about_misspelt_names(database: Database, tmp_path: Path) -> None:
    async with run_scoring(database, tmp_path) as young:
        document = {
            "rules": asking(type="bike_ride", where={"distance": {"gt": 10}}),
            "traits": [{"id": "decides", "when": {"title": "vp", "employees": {"gt": 5}}, "points": 5}],
            "requires": ["email", "last_name", "discord"],
        }
        assert await warned(young, **document) == []
        (first, *_) = await warned(young, requires=["emial"])
        assert (first["code"], first["suggestion"]) == ("trait_unknown", "email")


@pytest.mark.parametrize(
    ("requires", "asked"), [(["email", "title"], 0), (["discord"], 1), (["emial", "nobody", "title"], 1)]
)
async def test_identity_kinds_are_read_only_when_a_required_trait_was_never_seen(
    scoring: ScoringHttpWorld, requires: list[str], asked: int
) -> None:
    made: list[str] = []

    def on_execute(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        made.append(statement)

    # On SQLite reads use another engine than writes.
    event.listen(sa.Engine, "before_cursor_execute", on_execute)
    try:
        await scoring.put(DRAFT, PLAIN | {"requires": requires})
    finally:
        event.remove(sa.Engine, "before_cursor_execute", on_execute)
    assert sum("FROM identities" in one for one in made) == asked


async def test_warnings_say_when_not_all_names_are_stored(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "LIMIT", 3)
    warnings = await warned(scoring, rules=asking(where={"zzz": 1, "seats": 5}))
    told = {one["code"]: one["message"] for one in warnings}
    assert told["property_unknown"].startswith("no property zzz is among those that came first")
    assert told["form_mismatch"].startswith("seats came, as far as was kept, as a text")


async def test_a_refused_draft_names_the_rule_of_each_error(scoring: ScoringHttpWorld) -> None:
    wrong = [rule("visits", 10), rule("reads_pricing", when={"all": {"type": "visit"}}) | {"points": "8"}]
    answer = await scoring.http.put(
        DRAFT, json=PLAIN | {"rules": wrong, "groups": {"g": {"rules": ["x"], "cap": 1}}}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (
        400,
        "matrix_invalid",
        "rules.1.when.all",
    )
    assert [(one["field"], one.get("rule")) for one in problem["errors"]] == [
        ("rules.1.when.all", "reads_pricing"),
        ("rules.1.points", "reads_pricing"),
        ("groups.g.rules.0", None),
    ]
    assert problem["message"].startswith("rules.1.when.all: rule reads_pricing: takes a list of conditions")
    whole = await scoring.http.put(
        DRAFT, headers={"Content-Type": "application/json"},
        content=json.dumps(PLAIN | {"rules": [rule("asks", 10, when={"where": {"x": float("nan")}})]}),
    )  # fmt: skip
    assert whole.json()["errors"] == [
        {"field": "rules.0.when.where.x", "message": "rule asks: must be a finite number", "rule": "asks"}
    ]
