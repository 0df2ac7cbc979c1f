"""Values that name something are checked like names: a misspelt value is refused with the right one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.database.engine import Database
from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

STAGED = MARATHON | {
    "stages": {"aware": 5, "mql": 25},
    "traits": [{"id": "size", "points": 1, "when": {"company_size": {"gt": 50}}}],
}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    async with run_scoring(database, tmp_path) as running:
        await running.activate_document(STAGED, model="purchase_intent")
        known_as = {"email": "ana@example.com", "crm_id": "7"}
        told = {"title": "VP", "sector": "shoes"}
        seen = interaction(known_as=known_as, traits=told)
        await running.consume(msgspec.structs.replace(seen, source="web"))
        yield running


IN_QUERIES: list[tuple[str, dict[str, str], str, str, str]] = [
    ("profiles", {"kind": "emial", "value": "ana@example.com"}, "kind_unknown", "query.kind", "email"),
    ("profiles", {"kind": "user-id", "value": "7"}, "identity_kind_invalid", "identities.user-id", ""),
    ("profiles", {"kind": "crmid", "value": "7"}, "kind_unknown", "query.kind", "crm_id"),
    ("profiles", {"model": "purchase_intend"}, "model_unknown", "query.model", "purchase_intent"),
    ("companies", {"model": "purchase_intnet"}, "model_unknown", "query.model", "purchase_intent"),
    ("profiles", {"model": "purchase_intent", "stage": "mqll"}, "stage_unknown", "query.stage", "mql"),
    ("profiles", {"model": "purchase_intent", "state": "bellow"}, "invalid", "query.state", "below"),
    ("profiles", {"model": "purchase_intent", "sort": "-scores"}, "invalid", "query.sort", "-score"),
    ("profiles", {"trait": "titel:VP"}, "trait_unknown", "query.trait", "title"),
    ("profiles", {"trait": "company_siz:7"}, "trait_unknown", "query.trait", "company_size"),
    ("profiles", {"trait": "email_domian:example.com"}, "trait_unknown", "query.trait", "email_domain"),
]


async def test_a_misspelt_query_value_is_refused_with_a_suggestion(
    scoring: ScoringHttpWorld,
) -> None:
    for what, params, code, field, meant in IN_QUERIES:
        answer = await scoring.http.get(f"/v1/{what}", params=params)
        told = answer.json()
        assert 400 <= answer.status_code < 500, params
        assert (told["code"], told["field"]) == (code, field), params
        assert f"did you mean `{meant}`?" in told["message"] or not meant, told["message"]


IN_PATHS: list[tuple[str, str]] = [
    ("GET", "draft"), ("DELETE", "draft"), ("GET", "difference"), ("GET", "versions"), ("GET", "versions/1"),
    ("GET", "activations"), ("GET", "activation"), ("DELETE", "activation"), ("GET", "grades"),
    ("POST", "draft/preview"), ("POST", "versions/1/preview"), ("POST", "activate"),
]  # fmt: skip


async def test_a_misspelt_model_in_a_path_gets_404_with_a_suggestion(
    scoring: ScoringHttpWorld,
) -> None:
    profile = await scoring.profile_path()
    paths = [(method, f"/v1/models/purchase_intend/{part}") for method, part in IN_PATHS]
    paths += [("GET", f"{profile}/scores/purchase_intend{part}") for part in ("", "/why-flipped")]
    for method, path in paths:
        answer = await scoring.http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "model_unknown"), (method, path)
        assert "did you mean `purchase_intent`?" in answer.json()["message"]


async def test_an_unknown_version_is_reported_with_the_existing_versions(scoring: ScoringHttpWorld) -> None:
    for path in ("versions/7", "difference?before=7", "difference?before=1&after=7"):
        answer = await scoring.http.get(f"/v1/models/purchase_intent/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "version_unknown")
        assert answer.json()["message"] == "Model purchase_intent has no version 7; it has version 1 alone."


IN_BODIES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("adjustments", {"model": "purchase_intend", "points": 1}, "model_unknown", "model", "purchase_intent"),
    ("retractions", {"type": "vist"}, "type_unknown", "type", "visit"),
    ("retractions", {"source": "weeb"}, "source_unknown", "source", "web"),
    (
        "unmerge", {"identities": [{"kind": "emial", "value": "ana@example.com"}]}, "identity_unknown",
        "identities", "email",
    ),
]  # fmt: skip


async def test_a_misspelt_value_of_a_correction_is_refused_with_a_suggestion(
    scoring: ScoringHttpWorld,
) -> None:
    path = await scoring.profile_path()
    for what, body, code, field, meant in IN_BODIES:
        answer = await scoring.http.post(f"{path}/{what}", json=body | {"reason": "a test"})
        told = answer.json()
        assert (answer.status_code, told["code"], told["field"]) == (400, code, field), body
        assert f"did you mean `{meant}`?" in told["message"]


async def test_a_known_value_that_no_profile_has_gives_an_empty_list(scoring: ScoringHttpWorld) -> None:
    for params in (
        {"kind": "phone", "value": "+34600123456"},
        {"kind": "anonymous_id", "value": "cookie-8"},
        {"kind": "crm_id", "value": "8"},
        {"kind": "email", "value": "eve@example.com"},
        {"model": "purchase_intent", "stage": "mql"},
        {"model": "purchase_intent", "company": "nowhere.example"},
        {"trait": "company_size:7"},
        {"trait": "title:CEO"},
        {"trait": "company:nowhere"},
    ):
        assert (await scoring.get("/v1/profiles", **params))["items"] == [], params


async def test_a_grade_filter_of_a_model_without_grades_is_refused(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document({"flip_number": 5, "rules": [rule("visits", 5)]}, model="plain")
    asked = {"model": "plain", "grade": "A1"}
    assert await scoring.refusal("GET", "/v1/profiles", params=asked) == (400, "grade_unknown", "query.grade")


async def test_the_message_suggests_the_nearest_of_many_names_and_shortens_the_list(
    scoring: ScoringHttpWorld,
) -> None:
    columns = [{"email": "ana@example.com", f"shop_{number}": "7"} for number in range(60)]
    for start in range(0, 60, 15):
        await scoring.consume(*(interaction(known_as=who) for who in columns[start : start + 15]))
    near = await scoring.http.get("/v1/profiles", params={"kind": "shopp_7", "value": "7"})
    assert near.json()["message"] == "query.kind: `shopp_7` is not known; did you mean `shop_7`?"
    far = (await scoring.http.get("/v1/profiles", params={"kind": "q" * 32, "value": "7"})).json()
    assert "and 49 more" in far["message"]
    assert len(far["message"]) < 400
