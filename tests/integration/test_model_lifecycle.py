"""A model from its first draft to its end, as ops meets it: read alone, removed, retired, revived."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.change import preparation
from services.scoring.store.models import draft_of
from services.scoring.tables import scores
from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import LeadQualified, StageChanged
from shared.model_events import MatrixActivated, ModelRetired
from tests.builders import NOON, identities, interaction, rule
from tests.integration.ana import ANA
from tests.integration.scoring_http import MARATHON, ScoringOverHttp, scoring_over_http

MODEL = "/v1/models/m"
DRAFT = f"{MODEL}/draft"
LIKES = MARATHON | {"rules": [rule("likes", 10, when={"type": "like"})]}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringOverHttp]:
    async with scoring_over_http(database, tmp_path) as running:
        yield running


async def deleted(scoring: ScoringOverHttp, **headers: str) -> None:
    answer = await scoring.http.delete(MODEL, headers=headers)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def tag(scoring: ScoringOverHttp) -> str:
    return (await scoring.http.get(MODEL)).headers["ETag"]


async def begun(scoring: ScoringOverHttp) -> None:
    """Begin an activation of the draft, and leave it."""
    async with scoring.database.unit() as connection:
        draft = await draft_of(connection, "m")
        assert draft is not None
        await preparation.start(connection, draft, scoring.clock.now())


async def test_a_model_is_read_alone_and_its_tag_names_its_state(scoring: ScoringOverHttp) -> None:
    assert await scoring.refused("GET", MODEL) == (404, "model_unknown", None)
    tags: list[str] = []
    await scoring.put(DRAFT, MARATHON)
    told = await scoring.get(MODEL)
    assert told == {
        "model": "m", "active_version": None, "has_draft": True, "activating": None, "activations": 0,
        "created_at": "2026-03-14T12:00:00Z", "retired_at": None, "retired_by": None, "retired_note": None,
    }  # fmt: skip
    tags.append(await tag(scoring))
    await scoring.put(DRAFT, LIKES)
    tags.append(await tag(scoring))
    await begun(scoring)
    assert (await scoring.get(MODEL))["activating"] == 1
    tags.append(await tag(scoring))
    assert (await scoring.http.delete(f"{MODEL}/activation")).status_code == 204
    assert await tag(scoring) == tags[1], "as it was"
    await scoring.post(f"{MODEL}/activate")
    tags.append(await tag(scoring))
    await scoring.put(DRAFT, LIKES)
    await scoring.post(f"{MODEL}/activate")
    told = await scoring.get(MODEL)
    assert (told["active_version"], told["has_draft"], told["activations"]) == (2, False, 2)
    await scoring.post(f"{MODEL}/activate", {"version": 1})
    await scoring.post(f"{MODEL}/activate", {"version": 2})
    tags.append(await tag(scoring))
    assert len(set(tags)) == len(tags)


async def test_a_model_that_never_scored_goes_with_its_draft_and_its_name_is_free(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    first = await tag(scoring)
    await deleted(scoring)
    for method, path in (("DELETE", MODEL), ("GET", MODEL), ("GET", DRAFT), ("GET", f"{MODEL}/versions")):
        assert await scoring.refused(method, path) == (404, "model_unknown", None)
    assert (await scoring.get("/v1/models"))["items"] == []
    assert await scoring.said(ModelRetired) == []
    scoring.clock.advance(seconds=1)
    await scoring.put(DRAFT, MARATHON, **{"If-None-Match": "*"})
    assert await scoring.refused("DELETE", MODEL, headers={"If-Match": first}) == (
        412, "model_changed", None,
    )  # fmt: skip
    assert (await scoring.post(f"{MODEL}/activate"))["version"] == 1


async def test_who_deletes_what_somebody_has_changed_is_told(scoring: ScoringOverHttp) -> None:
    await scoring.put(DRAFT, MARATHON)
    seen = await tag(scoring)
    await scoring.post(f"{MODEL}/activate")
    outdated = await scoring.refused("DELETE", MODEL, headers={"If-Match": seen})
    assert outdated == (412, "model_changed", None)
    assert (await scoring.get(MODEL))["active_version"] == 1
    seen = await tag(scoring)
    await deleted(scoring, **{"If-Match": f'"other", {seen}'})
    await deleted(scoring, **{"If-Match": seen})
    (retired,) = await scoring.said(ModelRetired)
    assert (retired.model, retired.version, retired.retired_at) == ("m", 1, NOON)


async def test_a_retired_model_scores_nobody_and_its_history_stays(scoring: ScoringOverHttp) -> None:
    await scoring.active(LIKES, model="other")
    await scoring.active(MARATHON | {"flip_number": 20}, note="spring")
    await scoring.happened(interaction(), interaction())
    before = {path: await scoring.get(f"{MODEL}/{path}") for path in ("versions/1", "activations")}
    explained = await scoring.get(f"{await scoring.path()}/scores/m/why-flipped")
    scoring.clock.advance(hours=1)
    gone = await scoring.http.delete(MODEL, params={"note": "the race is over", "author": "Olga"})
    assert gone.status_code == 204
    told = await scoring.get(MODEL)
    assert {name: told[name] for name in ("active_version", "retired_at", "retired_by", "retired_note")} == {
        "active_version": None, "retired_at": "2026-03-14T13:00:00Z", "retired_by": "Olga",
        "retired_note": "the race is over",
    }  # fmt: skip
    (event,) = await scoring.said(ModelRetired)
    assert (event.author, event.note) == ("Olga", "the race is over")
    assert [one["retired_at"] for one in (await scoring.get("/v1/models"))["items"]] == [
        "2026-03-14T13:00:00Z", None,
    ]  # fmt: skip

    said = len(await scoring.rows(outbox))
    await scoring.happened(
        *(interaction(day=2) for _ in range(9)), interaction(known_as={"email": "new@b.example"})
    )
    assert await scoring.passed(days=40) == 0
    assert len(await scoring.rows(outbox)) == said
    assert (await scoring.found())["scores"].keys() == {"other"}
    assert {row.model for row in await scoring.scores()} == {"other"}, "the timer has swept the others"

    path = await scoring.path()
    for query in ("/v1/profiles?model=m", "/v1/companies?model=m", f"{MODEL}/grades", f"{path}/scores/m"):
        answer = await scoring.http.get(query)
        assert (answer.status_code, answer.json()["code"]) == (404, "version_unknown")
        assert "Model m is retired" in answer.json()["message"]
    given = {"model": "m", "points": 5, "reason": "met"}
    assert (await scoring.refused("POST", f"{path}/adjustments", json=given))[:2] == (404, "version_unknown")

    assert await scoring.get(f"{MODEL}/versions/1") == before["versions/1"] | {"active": False}
    assert await scoring.get(f"{MODEL}/activations") == before["activations"]
    assert await scoring.get(f"{path}/scores/m/why-flipped") == explained
    then = await scoring.get(f"{path}/scores/m", version=1, at="2026-03-16")
    assert then["score"] == 110, "what was done since is counted from the ledger"
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m", "flip_number": 20}


async def test_to_retire_again_changes_nothing(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await deleted(scoring)
    before = await scoring.get(MODEL)
    scoring.clock.advance(hours=1)
    answer = await scoring.http.delete(MODEL, params={"author": "another"})
    assert answer.status_code == 204
    assert await scoring.get(MODEL) == before
    assert len(await scoring.said(ModelRetired)) == 1


async def test_a_model_is_not_ended_while_it_is_activated_nor_with_what_nobody_asked(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    await begun(scoring)
    busy = await scoring.http.delete(MODEL)
    assert (busy.status_code, busy.json()["code"]) == (409, "activation_under_way")
    assert "DELETE /v1/models/m/activation" in busy.json()["message"]
    assert await scoring.refused("DELETE", MODEL, params={"forse": "1"}) == (
        400, "parameter_unknown", "query.forse",
    )  # fmt: skip
    assert (await scoring.refused("DELETE", "/v1/models/Big"))[0] == 422
    assert (await scoring.http.delete(f"{MODEL}/activation")).status_code == 204
    await deleted(scoring)


async def test_a_draft_outlives_the_retirement_and_can_be_thrown_away(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.put(DRAFT, LIKES)
    await deleted(scoring)
    assert (await scoring.get(DRAFT))["matrix"]["rules"][0]["id"] == "likes"
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m"}
    told = await scoring.get(MODEL)
    assert (told["has_draft"], told["retired_at"]) == (False, "2026-03-14T12:00:00Z")
    seen = (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.put(DRAFT, LIKES, **{"If-Match": seen})


@pytest.mark.parametrize("order", [{"version": 1}, {}])
async def test_a_revived_model_has_counted_what_happened_meanwhile_and_makes_no_lead_twice(
    scoring: ScoringOverHttp, order: dict[str, Any]
) -> None:
    matrix = MARATHON | {"flip_number": 20}
    await scoring.active(matrix)
    await scoring.happened(interaction(), interaction())
    await deleted(scoring)
    ben = {"email": "ben@example.com"}
    await scoring.happened(interaction(), interaction(known_as=ben), interaction("like", known_as=ben))
    await scoring.happened(interaction(known_as=ben))
    await scoring.passed(days=1)
    if not order:
        await scoring.put(DRAFT, matrix)
    diff = (await scoring.post(f"{MODEL}/activate", order | {"handoff": "all"}))["flip_diff"]
    found = ("newly_flipped", "already_handed_over", "handed_over_now")
    assert [diff[name] for name in found] == [1, 1, 1]
    told = await scoring.get(MODEL)
    assert (told["active_version"], told["activations"]) == (1 if order else 2, 2)
    assert [told[name] for name in ("retired_at", "retired_by", "retired_note")] == [None] * 3
    assert ((await scoring.standing())["score"], (await scoring.standing("ben@example.com"))["score"]) == (
        30, 20,
    )  # fmt: skip
    await scoring.happened(interaction(day=1), interaction(known_as=ben, day=1))
    ben_id = identities(**ben)[0].id
    assert [one.profile_id for one in await scoring.said(LeadQualified)] == [ANA.id, ben_id]
    scoring.clock.advance(hours=1)
    await deleted(scoring)
    acts = [(type(one).__name__, one.id) for one in await scoring.said(MatrixActivated | ModelRetired)]
    assert [name for name, _ in acts] == ["MatrixActivated", "ModelRetired"] * 2
    assert len({one for _, one in acts}) == 4


async def test_other_models_go_on_with_the_conditions_that_they_shared(scoring: ScoringOverHttp) -> None:
    await scoring.active(
        MARATHON | {"inactivity": {"after": "30d", "points": -1, "every": "30d", "floor": -5}}
    )
    await scoring.active(MARATHON, model="other")
    await scoring.happened(interaction())
    await deleted(scoring)
    await scoring.happened(interaction(), interaction("like"))
    assert (await scoring.standing(model="other"))["score"] == 20
    await scoring.post(f"{MODEL}/activate", {"version": 1})
    assert await scoring.passed(days=31) > 0
    assert (await scoring.standing())["score"] == 19


async def test_nobody_is_told_of_stages_of_a_retired_model(scoring: ScoringOverHttp) -> None:
    await scoring.active(MARATHON | {"rules": [rule("visits", 10, window="3d")], "flip_number": 5})
    await scoring.happened(interaction())
    assert len(await scoring.said(StageChanged)) == 1
    await deleted(scoring)
    await scoring.passed(days=9)
    assert len(await scoring.said(StageChanged)) == 1
    assert (NOON + timedelta(days=9)) == scoring.clock.now()
    async with scoring.database.reading() as connection:
        assert (await connection.execute(sa.select(sa.func.count()).select_from(scores))).scalar() == 0


async def test_of_those_who_retire_a_model_at_once_each_has_what_it_wants(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    seen = {"If-Match": await tag(scoring)}
    answers = await asyncio.gather(*(scoring.http.delete(MODEL, headers=seen) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [204] * 4
    assert len(await scoring.said(ModelRetired)) == 1


async def test_an_activation_that_revives_is_given_up_before_the_model_is_retired_again(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await deleted(scoring)
    await scoring.put(DRAFT, LIKES)
    await begun(scoring)
    assert await scoring.refused("DELETE", MODEL) == (409, "activation_under_way", None)
    assert (await scoring.http.delete(f"{MODEL}/activation")).status_code == 204
    await deleted(scoring)
    assert len(await scoring.said(ModelRetired)) == 1
