"""Activation over HTTP: previewed, watched, continued, given up, rolled back."""

import pytest
from sqlalchemy import Connection

from services.scoring.change import preparation
from services.scoring.store.models import draft_of
from shared.events import LeadQualified
from tests.support.builders import interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, refusal_of

DRAFT = "/v1/models/m/draft"
LIKES = MARATHON | {"rules": [rule("likes", 4, when={"type": "like"})]}


async def test_a_preview_changes_nothing_and_matches_the_flip_diff_of_the_activation(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 20})
    people = [{"email": f"p{n:02}@example.com"} for n in range(14)]
    await scoring.consume(
        *(interaction(known_as=known_as) for known_as in people[:4] for _ in range(2)),
        *(interaction("like", known_as=known_as) for known_as in people[3:] for _ in range(3)),
    )
    await scoring.put(DRAFT, LIKES | {"flip_number": 10})
    before = await scoring.get("/v1/profiles"), await scoring.outbox_events(LeadQualified)
    preview = await scoring.post(f"{DRAFT}/preview")
    assert (await scoring.get("/v1/profiles"), await scoring.outbox_events(LeadQualified)) == before
    assert preview["cut"] == {"biggest_movers": {"shown": 10, "of": 14}}
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
async def test_the_handoff_mode_decides_whether_newly_flipped_profiles_become_leads(
    scoring: ScoringHttpWorld, handoff: str, now: int, later: int
) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(), interaction(known_as={"email": "bob@example.com"}))
    activated = await scoring.activate_document(MARATHON | {"flip_number": 10}, handoff=handoff)
    diff = activated["flip_diff"]
    assert (diff["newly_flipped"], diff["handed_over_now"]) == (2, now)
    assert len(await scoring.outbox_events(LeadQualified)) == now
    await scoring.consume(interaction())
    assert len(await scoring.outbox_events(LeadQualified)) == later


async def test_kept_back_profiles_are_counted_listed_and_handed_over_by_a_later_activation(
    scoring: ScoringHttpWorld,
) -> None:
    async def listed(*, kept_back: bool) -> list[str]:
        found = await scoring.get("/v1/profiles", model="m", kept_back=kept_back)
        return [profile["identities"][0]["value"] for profile in found["items"]]

    await scoring.activate_document()
    few = {"email": "few@example.com"}
    await scoring.consume(interaction(), interaction(), interaction("like", known_as=few))
    await scoring.activate_document(MARATHON | {"flip_number": 20}, handoff="none")
    assert await listed(kept_back=True) == ["ana@example.com"]
    assert await listed(kept_back=False) == ["few@example.com"]
    await scoring.put(DRAFT, MARATHON | {"flip_number": 15})
    preview = await scoring.post(f"{DRAFT}/preview")
    fields = ("newly_flipped", "already_handed_over", "kept_back")
    assert [preview[name] for name in fields] == [0, 0, 1]
    diff = (await scoring.post("/v1/models/m/activate", {"handoff": "all"}))["flip_diff"]
    assert [diff[name] for name in (*fields, "handed_over_now")] == [0, 0, 1, 1]
    assert (await scoring.get("/v1/models/m/activations"))["items"][0]["flip_diff"] == diff
    assert (await listed(kept_back=True), len(await scoring.outbox_events(LeadQualified))) == ([], 1)
    await scoring.put(DRAFT, MARATHON)
    await scoring.activate_document(MARATHON | {"flip_number": 10}, handoff="none")
    assert await listed(kept_back=True) == []


async def test_a_rollback_restores_scores_and_leaves_the_draft_and_the_activation_history(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(note="spring", author="Olga")
    await scoring.consume(interaction(), interaction("like"))
    before = await scoring.score_over_http()
    scoring.clock.advance(hours=1)
    await scoring.activate_document(LIKES, note="likes are all", author="Pia")
    await scoring.consume(interaction())
    assert (await scoring.score_over_http())["score"] == 4
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    scoring.clock.advance(hours=1)
    back = {"version": 1, "note": "sales complained", "author": "Olga", "handoff": "none"}
    assert (await scoring.post("/v1/models/m/activate", back))["version"] == 1
    assert await scoring.score_over_http() == before | {"score": 20}
    assert (await scoring.get(DRAFT))["matrix"]["flip_number"] == 30
    fields = ("version", "author", "note", "handoff", "activated_at")
    activations = (await scoring.get("/v1/models/m/activations"))["items"]
    assert [tuple(activation[name] for name in fields) for activation in activations] == [
        (1, "Olga", "sales complained", "none", "2026-03-14T14:00:00Z"),
        (2, "Pia", "likes are all", "new_activity_only", "2026-03-14T13:00:00Z"),
        (1, "Olga", "spring", "new_activity_only", "2026-03-14T12:00:00Z"),
    ]
    versions = (await scoring.get("/v1/models/m/versions"))["items"]
    assert [(version["version"], version["active"], version["note"]) for version in versions] == [
        (2, False, "likes are all"),
        (1, True, "spring"),
    ]
    again = await scoring.refusal("POST", "/v1/models/m/activate", json=back)
    assert again == (409, "version_active", None)


async def left_activating(scoring: ScoringHttpWorld) -> None:
    """Start an activation and abandon it, as a process that is killed does."""

    def started(connection: Connection) -> None:
        draft = draft_of(connection, "m")
        assert draft is not None
        preparation.start(connection, draft, scoring.clock.now())

    await scoring.put(DRAFT, MARATHON)
    await scoring.database.unit(started)


async def test_an_activation_under_way_is_shown_and_can_be_resumed_once_it_has_stalled(
    scoring: ScoringHttpWorld,
) -> None:
    nothing = await scoring.refusal("GET", "/v1/models/m/activation")
    assert nothing == (404, "model_unknown", None)
    await left_activating(scoring)
    shown = await scoring.get("/v1/models/m/activation")
    assert (shown["version"], shown["phase"], shown["done"], shown["total"]) == (1, "counting", 0, 0)
    assert not shown["stalled"]
    (model,) = (await scoring.get("/v1/models"))["items"]
    assert model == {
        "model": "m",
        "active_version": None,
        "has_draft": True,
        "activating": 1,
        "retired_at": None,
    }
    scoring.clock.advance(seconds=12)
    busy = await scoring.http.post("/v1/models/m/activate")
    assert refusal_of(busy) == (409, "activation_under_way", None)
    for part in (
        "it last moved 12 s ago",
        "send this request again after 18 s",
        "DELETE /v1/models/m/activation",
    ):
        assert part in busy.json()["message"]
    scoring.clock.advance(seconds=18)
    assert (await scoring.get("/v1/models/m/activation"))["stalled"]
    assert (await scoring.post("/v1/models/m/activate"))["version"] == 1
    assert (await scoring.get("/v1/models"))["items"][0]["activating"] is None


async def test_an_abandoned_activation_can_be_deleted(scoring: ScoringHttpWorld) -> None:
    await left_activating(scoring)
    assert (await scoring.http.delete("/v1/models/m/activation")).status_code == 204
    again = await scoring.refusal("DELETE", "/v1/models/m/activation")
    assert again == (404, "activation_unknown", None)
    assert (await scoring.get("/v1/models"))["items"][0]["active_version"] is None
    assert (await scoring.post("/v1/models/m/activate"))["version"] == 1


async def test_activation_with_if_match_activates_only_the_previewed_draft(scoring: ScoringHttpWorld) -> None:
    activate = "/v1/models/m/activate"
    await scoring.activate_document()
    await scoring.put(DRAFT, LIKES)
    previewed = (await scoring.http.post(f"{DRAFT}/preview")).headers["ETag"]
    assert previewed == (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    outdated = await scoring.refusal("POST", activate, headers={"If-Match": previewed})
    assert outdated == (412, "draft_changed", None)
    both = await scoring.refusal("POST", activate, json={"version": 1}, headers={"If-Match": previewed})
    assert both == (400, "version_or_draft", "version")
    await scoring.put(DRAFT, LIKES)
    activated = await scoring.http.post(activate, headers={"If-Match": previewed})
    assert activated.json()["version"] == 2
    without_draft = await scoring.refusal("POST", activate, headers={"If-Match": previewed})
    assert without_draft == (412, "draft_changed", None)


async def test_the_preview_of_an_older_version_matches_the_flip_diff_of_its_rollback(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 20})
    await scoring.consume(
        interaction(), interaction(), interaction("like", known_as={"email": "b@b.example"})
    )
    await scoring.activate_document(LIKES | {"flip_number": 4})
    await scoring.put(DRAFT, LIKES | {"flip_number": 100})
    preview = await scoring.post("/v1/models/m/versions/1/preview")
    assert (preview["profiles"], len(preview["would_un_flip"])) == (2, 1)
    diff = (await scoring.post("/v1/models/m/activate", {"version": 1, "handoff": "none"}))["flip_diff"]
    assert diff.pop("handed_over_now") == 0
    assert diff == {name: preview[name] for name in diff}
    assert (diff["already_handed_over"], diff["un_flipped"], len(diff["biggest_movers"])) == (1, 1, 2)
    unknown = await scoring.refusal("POST", "/v1/models/m/versions/3/preview")
    assert unknown == (404, "version_unknown", None)


async def test_a_draft_that_is_being_activated_is_not_thrown_away(scoring: ScoringHttpWorld) -> None:
    await left_activating(scoring)
    assert await scoring.refusal("DELETE", DRAFT) == (409, "activation_under_way", None)
    assert (await scoring.http.delete("/v1/models/m/activation")).status_code == 204
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert (await scoring.get("/v1/models"))["items"] == []
