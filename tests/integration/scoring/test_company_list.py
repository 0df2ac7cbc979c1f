"""Companies by the scores of their people: excluded people are marked, do not rank, and can be listed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.database.engine import Database
from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

RIVALS = MARATHON | {
    "rules": [rule("visits", 10), rule("leaves", -4, when={"type": "email_unsubscribe"})],
    "requires": ["title"],
    "excludes": [{"email_domain": {"in": ["rival.example", "enemy.example"]}}, {"lifecycle": "customer"}],
}
CROWD: dict[str, tuple[int, dict[str, Any]]] = {
    "ana@acme.example": (3, {"title": "VP"}),
    "bob@acme.example": (4, {}),
    "cy@acme.example": (5, {"lifecycle": "customer"}),
    "di@acme.example": (1, {}),
    "eve@rival.example": (9, {}),
    "flo@rival.example": (1, {}),
    "gus@enemy.example": (2, {}),
    "hal@small.example": (1, {}),
}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    async with run_scoring(database, tmp_path) as running:
        await running.activate_document(RIVALS)
        for email, (visits, traits) in CROWD.items():
            who = {"email": email}
            done = [interaction(known_as=who) for _ in range(visits)]
            await running.consume(interaction("identify", known_as=who, traits=traits), *done)
        cross = {"email": "ira@cross.example"}
        await running.consume(interaction("email_unsubscribe", known_as=cross))
        yield running


async def listed(scoring: ScoringHttpWorld, **params: Any) -> list[Any]:
    """Return the companies, read one by one."""
    pages = scoring.pages("/v1/companies", model="m", limit=1, **params)
    return [one async for page in pages for one in page]


async def names(scoring: ScoringHttpWorld, **params: Any) -> list[str]:
    return [one["company"].partition(".")[0] for one in await listed(scoring, **params)]


async def test_a_company_counts_its_people_by_state(scoring: ScoringHttpWorld) -> None:
    by_name = {one["company"]: one for one in await listed(scoring, sort="company")}
    assert by_name["acme.example"] == {
        "company": "acme.example",
        "people": 4,
        "score": 80,
        "best": 40,
        "qualified": 1,
        "waiting_for_data": 1,
        "excluded": 1,
        "excluded_score": 50,
        "is_excluded": False,
    }
    rival = by_name["rival.example"]
    counted = [rival[name] for name in ("people", "excluded", "score", "best", "excluded_score")]
    assert (counted, rival["is_excluded"]) == ([2, 2, 0, None, 100], True)


async def test_excluded_profiles_do_not_count_in_the_rank_of_a_company(scoring: ScoringHttpWorld) -> None:
    for sort in ("-score", "-best"):
        assert await names(scoring, sort=sort) == ["acme", "small", "cross", "enemy", "rival"]
    assert await names(scoring, sort="company") == ["acme", "cross", "enemy", "rival", "small"]


async def test_count_excluded_includes_excluded_profiles_in_scores_and_ranks(
    scoring: ScoringHttpWorld,
) -> None:
    ranked = await listed(scoring, count_excluded=True)
    assert [(one["company"].partition(".")[0], one["score"]) for one in ranked] == [
        ("acme", 130), ("rival", 100), ("enemy", 20), ("small", 10), ("cross", -4),
    ]  # fmt: skip
    assert await names(scoring, count_excluded=True, sort="-best") == [
        "rival", "acme", "enemy", "small", "cross",
    ]  # fmt: skip
    assert [one["is_excluded"] for one in ranked] == [False, True, True, False, False]


async def test_companies_can_be_filtered_by_exclusion(scoring: ScoringHttpWorld) -> None:
    for sort in ("-score", "-best", "company"):
        assert set(await names(scoring, sort=sort, excluded=True)) == {"rival", "enemy"}
        assert set(await names(scoring, sort=sort, excluded=False)) == {"acme", "small", "cross"}


async def test_excluded_profiles_can_be_listed(scoring: ScoringHttpWorld) -> None:
    async def found(**params: Any) -> set[str]:
        items = (await scoring.get("/v1/profiles", model="m", **params))["items"]
        return {one["identities"][0]["value"].partition("@")[0] for one in items}

    assert await found(excluded=True) == {"cy", "eve", "flo", "gus"}
    assert await found(excluded=True, state="below") == {"flo", "gus"}
    assert await found(excluded=False, company="acme.example") == {"ana", "bob", "di"}
    standing = await scoring.score_over_http("flo@rival.example")
    assert (standing["state"], standing["excluded_by"]) == (
        "below",
        'email_domain is one of "rival.example", "enemy.example"',
    )
    assert (await scoring.score_over_http("di@acme.example"))["excluded_by"] is None
    refused = await scoring.refusal("GET", "/v1/profiles", params={"excluded": "true"})
    assert refused == (400, "model_missing", "model")


async def test_a_new_or_ended_exclusion_shows_in_the_company_totals(scoring: ScoringHttpWorld) -> None:
    who = {"email": "ana@acme.example"}
    await scoring.consume(interaction("identify", known_as=who, traits={"lifecycle": "customer"}))
    assert (await listed(scoring))[0]["excluded"] == 2
    scoring.clock.advance(hours=1)
    await scoring.consume(interaction("identify", day=1, known_as=who, traits={"lifecycle": "lead"}))
    await scoring.let_time_pass(days=1)
    assert (await listed(scoring))[0]["excluded"] == 1
    await scoring.activate_document(RIVALS | {"excludes": []})
    assert {one["excluded"] for one in await listed(scoring)} == {0}
