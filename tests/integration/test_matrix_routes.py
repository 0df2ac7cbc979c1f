"""Changing the matrix, as ops does it: drafted, compared, previewed, activated, rolled back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.scoring.change import preparation
from services.scoring.store.models import draft_of
from shared.database.engine import Database
from shared.events import LeadQualified
from tests.builders import interaction, rule
from tests.integration.scoring_http import MARATHON, ScoringOverHttp, scoring_over_http, told

DRAFT = "/v1/models/m/draft"
LIKES = MARATHON | {"rules": [rule("likes", 4, when={"type": "like"})]}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringOverHttp]:
    async with scoring_over_http(database, tmp_path) as running:
        yield running


async def test_who_saves_a_draft_that_somebody_else_changed_is_told_and_overwrites_nothing(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.put(DRAFT, MARATHON)
    read = (await scoring.http.get(DRAFT)).headers["ETag"]
    saved = await scoring.http.put(DRAFT, json=LIKES, headers={"If-Match": read})
    assert saved.headers["ETag"] == (await scoring.http.get(DRAFT)).headers["ETag"] != read
    late = await scoring.refused("PUT", DRAFT, json=MARATHON, headers={"If-Match": read})
    assert late == (412, "draft_changed", None)
    assert (await scoring.get(DRAFT))["matrix"]["rules"][0]["id"] == "likes"
    for tags in (f'"other", {saved.headers["ETag"]}', "*"):
        await scoring.put(DRAFT, LIKES, **{"If-Match": tags})


async def test_a_draft_for_a_new_model_alone_does_not_replace_one(scoring: ScoringOverHttp) -> None:
    await scoring.put(DRAFT, MARATHON, **{"If-None-Match": "*"})
    again = await scoring.refused("PUT", DRAFT, json=LIKES, headers={"If-None-Match": "*"})
    assert again == (412, "draft_exists", None)
    unread = await scoring.refused("PUT", "/v1/models/new/draft", json=LIKES, headers={"If-Match": "*"})
    assert unread == (412, "draft_changed", None)
    assert [one["model"] for one in (await scoring.get("/v1/models"))["items"]] == ["m"]


async def test_the_active_matrix_is_read_with_a_tag_that_an_activation_makes_stale(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    read = (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.active(LIKES)
    late = await scoring.refused("PUT", DRAFT, json=MARATHON, headers={"If-Match": read})
    assert late == (412, "draft_changed", None)


async def test_what_is_odd_in_a_draft_is_warned_of_until_such_a_thing_has_come(
    scoring: ScoringOverHttp,
) -> None:
    odd = rule("rides", 10, when={"type": "bike_ride"}, limit={"times": 1, "per": "ever"}, cap=50)
    document = MARATHON | {"rules": [odd], "flip_number": 10}
    warnings = (await scoring.put(DRAFT, document))["warnings"]
    assert {(one["field"], one["code"]) for one in warnings} == {
        ("stages.sales_ready", "stage_unreachable"),
        ("rules.0.when.type", "type_unknown"),
        ("rules.0.cap", "cap_idle"),
    }
    await scoring.happened(interaction("bike_ride"))
    assert "type_unknown" not in {one["code"] for one in (await scoring.get(DRAFT))["warnings"]}


async def test_everything_wrong_with_a_draft_is_told_at_once(scoring: ScoringOverHttp) -> None:
    bad = {"flip_number": -1, "rules": [rule(points="many"), {"id": "x", "wen": {}}], "stagez": {}}
    answer = await scoring.http.put(DRAFT, json=bad)
    assert told(answer) == (400, "matrix_invalid", "flip_number")
    errors = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert errors.keys() == {
        "flip_number", "rules.0.points", "rules.1.when", "rules.1.points", "rules.1.wen", "stagez",
    }  # fmt: skip
    assert "did you mean `when`?" in errors["rules.1.wen"]
    assert (await scoring.get("/v1/models"))["items"] == []


def asking(value: Any) -> dict[str, Any]:
    return MARATHON | {"rules": [rule(points=10, when={"where": {"x": value}})]}


async def test_a_draft_that_the_log_could_not_keep_as_written_is_refused(scoring: ScoringOverHttp) -> None:
    for value, place in [
        (float("nan"), "x"), ({"in": [1, float("inf")]}, "x.in.1"), (10**400, "x"), (2**63, "x"), ("\0", "x"),
    ]:  # fmt: skip
        content, as_json = json.dumps(asking(value)), {"Content-Type": "application/json"}
        refused = await scoring.refused("PUT", DRAFT, content=content, headers=as_json)
        assert refused == (400, "matrix_invalid", f"rules.0.when.where.{place}"), value
    await scoring.active(asking(-(2**63)))


async def test_the_difference_tells_in_words_what_changed_and_what_has_to_be_counted(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.active(MARATHON | {"flip_number": 30})
    (change,) = (await scoring.get("/v1/models/m/difference", before=1, after=2))["changes"]
    assert change == {
        "path": "flip_number", "kind": "changed", "before": 25, "after": 30,
        "text": "flip number 25 -> 30", "needs_counting": False,
    }  # fmt: skip
    refused = await scoring.refused("GET", "/v1/models/m/difference")
    assert refused == (404, "version_unknown", None)
    await scoring.put(DRAFT, LIKES)
    changes = (await scoring.get("/v1/models/m/difference"))["changes"]
    assert [(one["path"], one["kind"], one["needs_counting"]) for one in changes] == [
        ("flip_number", "changed", False),
        ("rules.likes", "added", True),
        ("rules.visits", "removed", False),
    ]


async def test_a_preview_changes_nothing_and_comes_true_when_the_draft_is_activated(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active(MARATHON | {"flip_number": 20})
    people = [{"email": f"p{n:02}@example.com"} for n in range(14)]
    await scoring.happened(
        *(interaction(known_as=who) for who in people[:4] for _ in range(2)),
        *(interaction("like", known_as=who) for who in people[3:] for _ in range(3)),
    )
    await scoring.put(DRAFT, LIKES | {"flip_number": 10})
    before = await scoring.get("/v1/profiles"), await scoring.said(LeadQualified)
    preview = await scoring.post(f"{DRAFT}/preview")
    assert (await scoring.get("/v1/profiles"), await scoring.said(LeadQualified)) == before
    assert preview["would_flip"] == sorted(preview["would_flip"])
    counted = [len(preview[which]) for which in ("would_flip", "would_un_flip")]
    assert (preview.pop("profiles"), preview.pop("model"), counted) == (14, "m", [10, 3])
    activated = await scoring.post("/v1/models/m/activate", {"handoff": "none"})
    expected = {name: preview[name] for name in activated["flip_diff"].keys() & preview.keys()}
    assert len(expected["biggest_movers"]) == 10
    assert activated["flip_diff"] == expected | {"handed_over_now": 0}
    assert (expected["newly_flipped"], expected["un_flipped"], expected["already_handed_over"]) == (10, 3, 1)


@pytest.mark.parametrize(
    ("handoff", "now", "later"), [("all", 2, 2), ("new_activity_only", 0, 1), ("none", 0, 0)]
)
async def test_ops_chooses_whether_sales_gets_those_whom_only_the_new_version_flips(
    scoring: ScoringOverHttp, handoff: str, now: int, later: int
) -> None:
    await scoring.active()
    await scoring.happened(interaction(), interaction(known_as={"email": "bob@example.com"}))
    activated = await scoring.active(MARATHON | {"flip_number": 10}, handoff=handoff)
    diff = activated["flip_diff"]
    assert (diff["newly_flipped"], diff["handed_over_now"]) == (2, now)
    assert len(await scoring.said(LeadQualified)) == now
    await scoring.happened(interaction())
    assert len(await scoring.said(LeadQualified)) == later


async def test_those_kept_back_are_told_listed_and_handed_over_by_a_later_activation(
    scoring: ScoringOverHttp,
) -> None:
    async def listed(*, kept_back: bool) -> list[str]:
        found = await scoring.get("/v1/profiles", model="m", kept_back=kept_back)
        return [one["identities"][0]["value"] for one in found["items"]]

    await scoring.active()
    few = {"email": "few@example.com"}
    await scoring.happened(interaction(), interaction(), interaction("like", known_as=few))
    await scoring.active(MARATHON | {"flip_number": 20}, handoff="none")
    assert await listed(kept_back=True) == ["ana@example.com"]
    assert await listed(kept_back=False) == ["few@example.com"]
    await scoring.put(DRAFT, MARATHON | {"flip_number": 15})
    preview = await scoring.post(f"{DRAFT}/preview")
    told_of = ("newly_flipped", "already_handed_over", "kept_back")
    assert [preview[name] for name in told_of] == [0, 0, 1]
    diff = (await scoring.post("/v1/models/m/activate", {"handoff": "all"}))["flip_diff"]
    assert [diff[name] for name in (*told_of, "handed_over_now")] == [0, 0, 1, 1]
    assert (await scoring.get("/v1/models/m/activations"))["items"][0]["flip_diff"] == diff
    assert (await listed(kept_back=True), len(await scoring.said(LeadQualified))) == ([], 1)
    await scoring.put(DRAFT, MARATHON)
    await scoring.active(MARATHON | {"flip_number": 10}, handoff="none")
    assert await listed(kept_back=True) == []


async def test_rolling_back_scores_as_before_and_leaves_the_draft_and_who_did_what_when_and_why(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active(note="spring", author="Olga")
    await scoring.happened(interaction(), interaction("like"))
    before = await scoring.standing()
    scoring.clock.advance(hours=1)
    await scoring.active(LIKES, note="likes are all", author="Pia")
    await scoring.happened(interaction())
    assert (await scoring.standing())["score"] == 4
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    scoring.clock.advance(hours=1)
    back = {"version": 1, "note": "sales complained", "author": "Olga", "handoff": "none"}
    assert (await scoring.post("/v1/models/m/activate", back))["version"] == 1
    assert await scoring.standing() == before | {"score": 20}
    assert (await scoring.get(DRAFT))["matrix"]["flip_number"] == 30
    told_by = ("version", "author", "note", "handoff", "activated_at")
    activations = (await scoring.get("/v1/models/m/activations"))["items"]
    assert [tuple(one[name] for name in told_by) for one in activations] == [
        (1, "Olga", "sales complained", "none", "2026-03-14T14:00:00Z"),
        (2, "Pia", "likes are all", "new_activity_only", "2026-03-14T13:00:00Z"),
        (1, "Olga", "spring", "new_activity_only", "2026-03-14T12:00:00Z"),
    ]
    versions = (await scoring.get("/v1/models/m/versions"))["items"]
    assert [(one["version"], one["active"], one["note"]) for one in versions] == [
        (2, False, "likes are all"),
        (1, True, "spring"),
    ]
    again = await scoring.refused("POST", "/v1/models/m/activate", json=back)
    assert again == (409, "version_active", None)


async def left_activating(scoring: ScoringOverHttp) -> None:
    """Begin an activation and leave it, as a process does that is killed."""
    await scoring.put(DRAFT, MARATHON)
    async with scoring.database.unit() as connection:
        draft = await draft_of(connection, "m")
        assert draft is not None
        await preparation.start(connection, draft, scoring.clock.now())


async def test_an_activation_under_way_is_shown_and_is_taken_up_when_it_was_left(
    scoring: ScoringOverHttp,
) -> None:
    nothing = await scoring.refused("GET", "/v1/models/m/activation")
    assert nothing == (404, "no_activation", None)
    await left_activating(scoring)
    shown = await scoring.get("/v1/models/m/activation")
    assert (shown["version"], shown["phase"], shown["done"], shown["total"]) == (1, "counting", 0, 0)
    assert not shown["stalled"]
    (model,) = (await scoring.get("/v1/models"))["items"]
    assert model == {"model": "m", "active_version": None, "has_draft": True, "activating": 1}
    scoring.clock.advance(seconds=12)
    busy = await scoring.http.post("/v1/models/m/activate")
    assert told(busy) == (409, "activation_under_way", None)
    for part in ("it last moved 12 s ago", "send this again after 18 s", "DELETE /v1/models/m/activation"):
        assert part in busy.json()["message"]
    scoring.clock.advance(seconds=18)
    assert (await scoring.get("/v1/models/m/activation"))["stalled"]
    assert (await scoring.post("/v1/models/m/activate"))["version"] == 1
    assert (await scoring.get("/v1/models"))["items"][0]["activating"] is None


async def test_an_activation_that_was_left_can_be_given_up(scoring: ScoringOverHttp) -> None:
    await left_activating(scoring)
    assert (await scoring.http.delete("/v1/models/m/activation")).status_code == 204
    again = await scoring.refused("DELETE", "/v1/models/m/activation")
    assert again == (404, "no_activation", None)
    assert (await scoring.get("/v1/models"))["items"][0]["active_version"] is None
    assert (await scoring.post("/v1/models/m/activate"))["version"] == 1


async def test_what_was_previewed_is_what_is_activated_or_nothing(scoring: ScoringOverHttp) -> None:
    activate = "/v1/models/m/activate"
    await scoring.active()
    await scoring.put(DRAFT, LIKES)
    previewed = (await scoring.http.post(f"{DRAFT}/preview")).headers["ETag"]
    assert previewed == (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    outdated = await scoring.refused("POST", activate, headers={"If-Match": previewed})
    assert outdated == (412, "draft_changed", None)
    both = await scoring.refused("POST", activate, json={"version": 1}, headers={"If-Match": previewed})
    assert both == (400, "version_or_draft", "version")
    await scoring.put(DRAFT, LIKES)
    activated = await scoring.http.post(activate, headers={"If-Match": previewed})
    assert activated.json()["version"] == 2
    gone = await scoring.refused("POST", activate, headers={"If-Match": previewed})
    assert gone == (412, "draft_changed", None)


async def test_the_preview_of_an_older_version_comes_true_when_it_is_rolled_back_to(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active(MARATHON | {"flip_number": 20})
    await scoring.happened(
        interaction(), interaction(), interaction("like", known_as={"email": "b@b.example"})
    )
    await scoring.active(LIKES | {"flip_number": 4})
    await scoring.put(DRAFT, LIKES | {"flip_number": 100})
    preview = await scoring.post("/v1/models/m/versions/1/preview")
    assert (preview["profiles"], len(preview["would_un_flip"])) == (2, 1)
    diff = (await scoring.post("/v1/models/m/activate", {"version": 1, "handoff": "none"}))["flip_diff"]
    assert diff.pop("handed_over_now") == 0
    assert diff == {name: preview[name] for name in diff}
    assert (diff["already_handed_over"], diff["un_flipped"], len(diff["biggest_movers"])) == (1, 1, 2)
    unknown = await scoring.refused("POST", "/v1/models/m/versions/3/preview")
    assert unknown == (404, "version_unknown", None)


async def test_a_draft_is_thrown_away_and_with_it_a_model_that_never_was_active(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.put(DRAFT, LIKES)
    await scoring.put("/v1/models/new/draft", LIKES)
    outdated = await scoring.refused("DELETE", DRAFT, headers={"If-Match": '"other"'})
    assert outdated == (412, "draft_changed", None)
    for draft in (DRAFT, "/v1/models/new/draft"):
        assert (await scoring.http.delete(draft)).status_code == 204
        assert await scoring.refused("DELETE", draft) == (404, "draft_missing", None)
    (left,) = (await scoring.get("/v1/models"))["items"]
    assert left == {"model": "m", "active_version": 1, "has_draft": False, "activating": None}
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m"}
    await scoring.put("/v1/models/new/draft", LIKES, **{"If-None-Match": "*"})


async def test_a_draft_that_is_being_activated_is_not_thrown_away(scoring: ScoringOverHttp) -> None:
    await left_activating(scoring)
    assert await scoring.refused("DELETE", DRAFT) == (409, "activation_under_way", None)
    assert (await scoring.http.delete("/v1/models/m/activation")).status_code == 204
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert (await scoring.get("/v1/models"))["items"] == []


async def test_a_draft_that_is_there_already_is_put_again_by_anybody(scoring: ScoringOverHttp) -> None:
    await scoring.put(DRAFT, MARATHON)
    for condition in ({"If-Match": '"other"'}, {"If-None-Match": "*"}):
        await scoring.put(DRAFT, MARATHON, **condition)


async def test_models_score_the_same_interactions_each_by_its_own_matrix(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.happened(interaction(), interaction("like"), interaction("like"))
    await scoring.active(LIKES, model="influence")
    await scoring.active(MARATHON | {"flip_number": 5}, model="m")
    scores = (await scoring.found())["scores"]
    assert {name: (one["score"], one["version"], one["state"]) for name, one in scores.items()} == {
        "influence": (8, 1, "below"),
        "m": (10, 2, "qualified"),
    }
    assert await scoring.get("/v1/models") == {
        "items": [
            {"model": "influence", "active_version": 1, "has_draft": False, "activating": None},
            {"model": "m", "active_version": 2, "has_draft": False, "activating": None},
        ]
    }
