"""A model from its first draft to its end, as ops sees it: read by itself, removed, retired."""

import asyncio

from shared.database.outbox import outbox
from shared.model_events import ModelRetired
from tests.integration.scoring.lifecycle import DRAFT, LIKES, MODEL, begun, deleted
from tests.support.builders import NOON, interaction
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld


async def tag(scoring: ScoringHttpWorld) -> str:
    return (await scoring.http.get(MODEL)).headers["ETag"]


async def test_the_etag_of_a_model_changes_with_its_state(scoring: ScoringHttpWorld) -> None:
    assert await scoring.refusal("GET", MODEL) == (404, "model_unknown", None)
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


async def test_deleting_a_model_that_never_scored_removes_its_draft_and_frees_its_name(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    first = await tag(scoring)
    await deleted(scoring)
    for method, path in (("DELETE", MODEL), ("GET", MODEL), ("GET", DRAFT), ("GET", f"{MODEL}/versions")):
        assert await scoring.refusal(method, path) == (404, "model_unknown", None)
    assert (await scoring.get("/v1/models"))["items"] == []
    assert await scoring.outbox_events(ModelRetired) == []
    scoring.clock.advance(seconds=1)
    await scoring.put(DRAFT, MARATHON, **{"If-None-Match": "*"})
    assert await scoring.refusal("DELETE", MODEL, headers={"If-Match": first}) == (
        412, "model_changed", None,
    )  # fmt: skip
    assert (await scoring.post(f"{MODEL}/activate"))["version"] == 1


async def test_deleting_a_model_with_an_outdated_etag_is_refused(scoring: ScoringHttpWorld) -> None:
    await scoring.put(DRAFT, MARATHON)
    seen = await tag(scoring)
    await scoring.post(f"{MODEL}/activate")
    outdated = await scoring.refusal("DELETE", MODEL, headers={"If-Match": seen})
    assert outdated == (412, "model_changed", None)
    assert (await scoring.get(MODEL))["active_version"] == 1
    seen = await tag(scoring)
    await deleted(scoring, **{"If-Match": f'"other", {seen}'})
    await deleted(scoring, **{"If-Match": seen})
    (retired,) = await scoring.outbox_events(ModelRetired)
    assert (retired.model, retired.version, retired.retired_at) == ("m", 1, NOON)


async def test_a_retired_model_scores_no_profile_and_its_history_stays(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(LIKES, model="other")
    await scoring.activate_document(MARATHON | {"flip_number": 20}, note="spring")
    await scoring.consume(interaction(), interaction())
    before = {path: await scoring.get(f"{MODEL}/{path}") for path in ("versions/1", "activations")}
    explained = await scoring.get(f"{await scoring.profile_path()}/scores/m/why-flipped")
    scoring.clock.advance(hours=1)
    gone = await scoring.http.delete(MODEL, params={"note": "the race is over", "author": "Olga"})
    assert gone.status_code == 204
    told = await scoring.get(MODEL)
    assert {name: told[name] for name in ("active_version", "retired_at", "retired_by", "retired_note")} == {
        "active_version": None, "retired_at": "2026-03-14T13:00:00Z", "retired_by": "Olga",
        "retired_note": "the race is over",
    }  # fmt: skip
    (event,) = await scoring.outbox_events(ModelRetired)
    assert (event.author, event.note) == ("Olga", "the race is over")
    assert [one["retired_at"] for one in (await scoring.get("/v1/models"))["items"]] == [
        "2026-03-14T13:00:00Z", None,
    ]  # fmt: skip

    said = len(await scoring.table_rows(outbox))
    await scoring.consume(
        *(interaction(day=2) for _ in range(9)), interaction(known_as={"email": "new@b.example"})
    )
    assert await scoring.let_time_pass(days=40) == 0
    assert len(await scoring.table_rows(outbox)) == said
    assert (await scoring.find_profile())["scores"].keys() == {"other"}
    assert {row.model for row in await scoring.score_rows()} == {"other"}, "the timer has swept the others"

    path = await scoring.profile_path()
    for query in ("/v1/profiles?model=m", "/v1/companies?model=m", f"{MODEL}/grades", f"{path}/scores/m"):
        answer = await scoring.http.get(query)
        assert (answer.status_code, answer.json()["code"]) == (404, "version_unknown")
        assert "Model m is retired" in answer.json()["message"]
    given = {"model": "m", "points": 5, "reason": "met"}
    assert (await scoring.refusal("POST", f"{path}/adjustments", json=given))[:2] == (404, "version_unknown")

    assert await scoring.get(f"{MODEL}/versions/1") == before["versions/1"] | {"active": False}
    assert await scoring.get(f"{MODEL}/activations") == before["activations"]
    assert await scoring.get(f"{path}/scores/m/why-flipped") == explained
    then = await scoring.get(f"{path}/scores/m", version=1, at="2026-03-16")
    assert then["score"] == 110, "what was done since is counted from the ledger"
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m", "flip_number": 20}


async def test_retiring_a_model_again_changes_nothing(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await deleted(scoring)
    before = await scoring.get(MODEL)
    scoring.clock.advance(hours=1)
    answer = await scoring.http.delete(MODEL, params={"author": "another"})
    assert answer.status_code == 204
    assert await scoring.get(MODEL) == before
    assert len(await scoring.outbox_events(ModelRetired)) == 1


async def test_a_model_cannot_be_deleted_during_activation_or_with_unknown_parameters(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    await begun(scoring)
    busy = await scoring.http.delete(MODEL)
    assert (busy.status_code, busy.json()["code"]) == (409, "activation_under_way")
    assert "DELETE /v1/models/m/activation" in busy.json()["message"]
    assert await scoring.refusal("DELETE", MODEL, params={"forse": "1"}) == (
        400, "parameter_unknown", "query.forse",
    )  # fmt: skip
    assert (await scoring.refusal("DELETE", "/v1/models/Big"))[0] == 422
    assert (await scoring.http.delete(f"{MODEL}/activation")).status_code == 204
    await deleted(scoring)


async def test_concurrent_retirements_of_a_model_all_succeed_and_retire_the_model_once(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    seen = {"If-Match": await tag(scoring)}
    answers = await asyncio.gather(*(scoring.http.delete(MODEL, headers=seen) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [204] * 4
    assert len(await scoring.outbox_events(ModelRetired)) == 1
