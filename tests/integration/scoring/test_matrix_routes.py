"""Changes of the matrix, as ops makes them: drafted, compared, previewed, activated, rolled back."""

import json
from typing import Any

from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, refusal_of

DRAFT = "/v1/models/m/draft"
LIKES = MARATHON | {"rules": [rule("likes", 4, when={"type": "like"})]}


async def test_a_draft_save_with_an_outdated_etag_is_refused_and_overwrites_nothing(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    read = (await scoring.http.get(DRAFT)).headers["ETag"]
    saved = await scoring.http.put(DRAFT, json=LIKES, headers={"If-Match": read})
    assert saved.headers["ETag"] == (await scoring.http.get(DRAFT)).headers["ETag"] != read
    late = await scoring.refusal("PUT", DRAFT, json=MARATHON, headers={"If-Match": read})
    assert late == (412, "draft_changed", None)
    assert (await scoring.get(DRAFT))["matrix"]["rules"][0]["id"] == "likes"
    for tags in (f'"other", {saved.headers["ETag"]}', "*"):
        await scoring.put(DRAFT, LIKES, **{"If-Match": tags})


async def test_if_none_match_refuses_to_replace_an_existing_draft(scoring: ScoringHttpWorld) -> None:
    await scoring.put(DRAFT, MARATHON, **{"If-None-Match": "*"})
    again = await scoring.refusal("PUT", DRAFT, json=LIKES, headers={"If-None-Match": "*"})
    assert again == (412, "draft_exists", None)
    unread = await scoring.refusal("PUT", "/v1/models/new/draft", json=LIKES, headers={"If-Match": "*"})
    assert unread == (412, "draft_changed", None)
    assert [one["model"] for one in (await scoring.get("/v1/models"))["items"]] == ["m"]


async def test_an_activation_makes_the_etag_of_the_active_matrix_stale(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    read = (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.activate_document(LIKES)
    late = await scoring.refusal("PUT", DRAFT, json=MARATHON, headers={"If-Match": read})
    assert late == (412, "draft_changed", None)


async def test_an_unknown_type_is_warned_about_until_an_interaction_of_that_type_arrives(
    scoring: ScoringHttpWorld,
) -> None:
    odd = rule("rides", 10, when={"type": "bike_ride"}, limit={"times": 1, "per": "ever"}, cap=50)
    document = MARATHON | {"rules": [odd], "flip_number": 10}
    await scoring.consume(interaction())
    warnings = (await scoring.put(DRAFT, document))["warnings"]
    assert [(one["field"], one["code"]) for one in warnings] == [
        ("flip_number", "no_lead_expected"),
        ("rules.0.when.type", "type_unknown"),
        ("stages.sales_ready", "stage_unreachable"),
        ("rules.0.cap", "cap_idle"),
    ]
    await scoring.consume(interaction("bike_ride"))
    assert {one["code"] for one in (await scoring.get(DRAFT))["warnings"]} == {
        "stage_unreachable",
        "cap_idle",
    }


async def test_all_errors_of_a_draft_are_reported_at_once(scoring: ScoringHttpWorld) -> None:
    bad = {"flip_number": -1, "rules": [rule() | {"points": "many"}, {"id": "x", "wen": {}}], "stagez": {}}
    answer = await scoring.http.put(DRAFT, json=bad)
    assert refusal_of(answer) == (400, "matrix_invalid", "flip_number")
    errors = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert errors.keys() == {
        "flip_number", "rules.0.points", "rules.1.when", "rules.1.points", "rules.1.wen", "stagez",
    }  # fmt: skip
    assert "did you mean `when`?" in errors["rules.1.wen"]
    assert (await scoring.get("/v1/models"))["items"] == []


def asking(value: Any) -> dict[str, Any]:
    return MARATHON | {"rules": [rule(points=10, when={"where": {"x": value}})]}


async def test_a_draft_with_values_that_the_log_cannot_represent_is_refused(
    scoring: ScoringHttpWorld,
) -> None:
    for value, place in [
        (float("nan"), "x"), ({"in": [1, float("inf")]}, "x.in.1"), (10**400, "x"), (2**63, "x"), ("\0", "x"),
    ]:  # fmt: skip
        content, as_json = json.dumps(asking(value)), {"Content-Type": "application/json"}
        refused = await scoring.refusal("PUT", DRAFT, content=content, headers=as_json)
        assert refused == (400, "matrix_invalid", f"rules.0.when.where.{place}"), value
    await scoring.activate_document(asking(-(2**63)))


async def test_the_difference_describes_each_change_and_whether_it_needs_counting(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.activate_document(MARATHON | {"flip_number": 30})
    (change,) = (await scoring.get("/v1/models/m/difference", before=1, after=2))["changes"]
    assert change == {
        "path": "flip_number", "kind": "changed", "before": 25, "after": 30,
        "text": "flip number 25 -> 30", "needs_counting": False,
    }  # fmt: skip
    refused = await scoring.refusal("GET", "/v1/models/m/difference")
    assert refused == (404, "draft_unknown", None)
    await scoring.put(DRAFT, LIKES)
    changes = (await scoring.get("/v1/models/m/difference"))["changes"]
    assert [(one["path"], one["kind"], one["needs_counting"]) for one in changes] == [
        ("flip_number", "changed", False),
        ("rules.likes", "added", True),
        ("rules.visits", "removed", False),
    ]


async def test_deleting_a_draft_also_deletes_a_model_that_was_never_active(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.put(DRAFT, LIKES)
    await scoring.put("/v1/models/new/draft", LIKES)
    outdated = await scoring.refusal("DELETE", DRAFT, headers={"If-Match": '"other"'})
    assert outdated == (412, "draft_changed", None)
    for draft in (DRAFT, "/v1/models/new/draft"):
        assert (await scoring.http.delete(draft)).status_code == 204
        gone = "draft_unknown" if draft == DRAFT else "model_unknown"
        assert await scoring.refusal("DELETE", draft) == (404, gone, None)
    (left,) = (await scoring.get("/v1/models"))["items"]
    assert left == {
        "model": "m",
        "active_version": 1,
        "has_draft": False,
        "activating": None,
        "retired_at": None,
    }
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m"}
    await scoring.put("/v1/models/new/draft", LIKES, **{"If-None-Match": "*"})


async def test_an_identical_draft_can_be_saved_again_despite_any_precondition(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    for condition in ({"If-Match": '"other"'}, {"If-None-Match": "*"}):
        await scoring.put(DRAFT, MARATHON, **condition)


async def test_models_score_the_same_interactions_each_by_its_own_matrix(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(), interaction("like"), interaction("like"))
    await scoring.activate_document(LIKES, model="influence")
    await scoring.activate_document(MARATHON | {"flip_number": 5}, model="m")
    scores = (await scoring.find_profile())["scores"]
    assert {name: (one["score"], one["version"], one["state"]) for name, one in scores.items()} == {
        "influence": (8, 1, "below"),
        "m": (10, 2, "qualified"),
    }
    assert await scoring.get("/v1/models") == {
        "items": [
            {
                "model": "influence",
                "active_version": 1,
                "has_draft": False,
                "activating": None,
                "retired_at": None,
            },
            {"model": "m", "active_version": 2, "has_draft": False, "activating": None, "retired_at": None},
        ]
    }
