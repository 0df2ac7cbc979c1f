"""Corrections by hand, as ops makes them: unmerges, adjustments, and refusals."""

import json

from shared.events import LeadQualified
from tests.support.builders import interaction
from tests.support.keys import CRM_KEY
from tests.worlds.scoring_http import BY_OPS, MARATHON, ScoringHttpWorld, refusal_of

COOKIE = {"anonymous_id": "cookie"}
ANA = {"email": "ana@example.com"}


async def test_unmerged_profiles_get_back_their_own_interactions_and_stay_separate(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.consume(interaction(known_as=COOKIE), interaction(known_as=COOKIE), interaction())
    before = [await scoring.find_profile("cookie", "anonymous_id"), await scoring.find_profile()]
    await scoring.consume(interaction("identify", known_as=COOKIE | ANA))
    assert (await scoring.score_over_http())["score"] == 30
    cookie = {"kind": "anonymous_id", "value": "cookie"}
    answer = await scoring.post(f"{await scoring.profile_path()}/unmerge", {"identities": [cookie]} | BY_OPS)
    parted = {one["id"]: [i["kind"] for i in one["identities"]] for one in answer["profiles"]}
    assert parted == {before[0]["id"]: ["anonymous_id"], before[1]["id"]: ["email"]}
    await scoring.consume(interaction("identify", known_as=COOKIE | ANA))
    after = [await scoring.find_profile("cookie", "anonymous_id"), await scoring.find_profile()]
    assert after == before
    links = (await scoring.get(f"/v1/profiles/{after[1]['id']}/links"))["items"]
    assert ["separated by hand" in link["refused"] for link in links] == [True]


async def test_two_users_of_one_device_stay_two_profiles_and_the_refused_link_says_why(
    scoring: ScoringHttpWorld,
) -> None:
    device = {"anonymous_id": "family tablet"}
    await scoring.consume(interaction(known_as=device | {"user_id": "ana"}))
    await scoring.consume(interaction(day=1, id="bob logs in", known_as=device | {"user_id": "bob"}))
    bob = await scoring.find_profile("bob", "user_id")
    assert bob["identities"] == [{"kind": "user_id", "value": "bob"}]
    (link,) = (await scoring.get(f"/v1/profiles/{bob['id']}/links"))["items"]
    assert link == {
        "one": {"kind": "user_id", "value": "bob"},
        "other": {"kind": "anonymous_id", "value": "family tablet"},
        "occurred_at": "2026-03-15T12:00:00Z",
        "event_id": "bob logs in",
        "refused": "A person has at most 1 user_id, and these would have 2.",
    }


async def test_an_adjustment_appears_among_the_reasons_until_it_expires(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction())
    path = await scoring.profile_path()
    given = {"model": "m", "points": 7.5, "until": "2026-03-16"} | BY_OPS
    await scoring.post(f"{path}/adjustments", given)
    score = await scoring.get(f"{path}/scores/m")
    assert (score["score"], score["engagement"]) == (17.5, 17.5)
    assert score["reasons"][-1] | {"days": []} == {
        "rule": "adjustment", "label": "our own office", "points": 7.5, "count": 1, "paid": 1, "note": None,
        "days": [],
    }  # fmt: skip
    (entry,) = [one for one in (await scoring.get(f"{path}/timeline"))["items"] if one["type"] != "visit"]
    assert entry["properties"] == given
    by_day = {day: (await scoring.get(f"{path}/scores/m", at=day))["score"] for day in
              ("2026-03-13", "2026-03-14", "2026-03-16", "2026-03-17")}  # fmt: skip
    assert by_day == {"2026-03-13": 0, "2026-03-14": 17.5, "2026-03-16": 17.5, "2026-03-17": 10}
    await scoring.let_time_pass(days=3)
    assert (await scoring.score_over_http())["score"] == 10


async def test_an_adjustment_can_make_a_lead_and_can_be_retracted(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction())
    path = await scoring.profile_path()
    given = await scoring.post(f"{path}/adjustments", {"model": "m", "points": 15} | BY_OPS)
    (lead,) = await scoring.outbox_events(LeadQualified)
    assert [(one.rule, one.points) for one in lead.reasons] == [("visits", 10), ("adjustment", 15)]
    undone = await scoring.post(f"{path}/retractions", {"interaction": given["id"]} | BY_OPS)
    assert [one["lead_id"] for one in undone["would_not_have_flipped"]] == [lead.lead_id]
    assert (await scoring.score_over_http())["score"] == 10


async def test_an_adjustment_with_an_id_counts_once_and_a_taken_id_is_refused(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(id="a visit"))
    path = f"{await scoring.profile_path()}/adjustments"
    given = {"model": "m", "points": 5, "id": "fair-2026"} | BY_OPS
    assert await scoring.post(path, given) == await scoring.post(path, given) == {"id": "fair-2026"}
    assert (await scoring.score_over_http())["score"] == 15
    for other in (given | {"points": 6}, given | {"id": "a visit"}):
        assert refusal_of(await scoring.http.post(path, json=other)) == (409, "id_taken", "id")


async def test_an_adjustment_changes_the_score_of_its_model_only(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.activate_document(model="other")
    await scoring.consume(interaction())
    await scoring.post(
        f"{await scoring.profile_path()}/adjustments", {"model": "other", "points": -4} | BY_OPS
    )
    assert {name: one["score"] for name, one in (await scoring.find_profile())["scores"].items()} == {
        "m": 10,
        "other": 6,
    }


def emails(*values: str) -> dict[str, object]:
    return {"identities": [{"kind": "email", "value": value} for value in values]}


REFUSED = [
    ("retractions", {}, 422, "invalid", None),
    ("retractions", {"interaction": "a", "source": "web"}, 422, "invalid", None),
    ("retractions", {"interaction": "\0"}, 422, "invalid", "interaction"),
    ("retractions", {"since": "0001-01-01T00:00:00+12:00"}, 422, "invalid", "since"),
    ("retractions", {"before": "9999-12-31T23:59:59-12:00"}, 422, "invalid", "before"),
    ("retractions", {"before": "1969-12-31"}, 422, "invalid", "before"),
    ("retractions", {"before": "1970-01-01"}, 404, "interaction_unknown", None),
    ("retractions", {"interaction": "visitt"}, 404, "interaction_unknown", None),
    ("retractions", {"type": "visitt"}, 400, "type_unknown", "type"),
    ("retractions", {"source": "webb"}, 400, "source_unknown", "source"),
    ("unmerge", {"identities": [{"kind": "emial", "value": "x"}]}, 400, "identity_unknown", "identities"),
    ("retractions", {"interaction": "visit", "reason": ""}, 422, "invalid", "reason"),
    ("unmerge", emails(), 422, "invalid", "identities"),
    ("unmerge", emails("ana@example.com"), 400, "nothing_left", "identities"),
    ("unmerge", emails("bob@x.org"), 400, "identity_unknown", "identities"),
    ("unmerge", emails("x"), 400, "identity_value_invalid", "identities.email"),
    ("unmerge", {"identities": [{"kind": "\ud800", "value": "x"}]}, 422, "invalid", "identities.0.kind"),
    ("adjustments", {"model": "m", "points": float("nan")}, 422, "invalid", "points"),
    ("adjustments", {"model": "m", "points": 1, "until": "2026-03-13"}, 400, "until_past", "until"),
    ("adjustments", {"model": "m", "points": 1, "until": "10000-01-01"}, 422, "invalid", "until"),
    ("adjustments", {"model": "none", "points": 1}, 400, "model_unknown", "model"),
    ("adjustments", {"model": "m", "points": 1, "id": "a\0b"}, 422, "invalid", "id"),
]  # fmt: skip


async def test_an_invalid_correction_is_refused_with_the_field_and_changes_nothing(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(id="visit"))
    path, before = await scoring.profile_path(), await scoring.find_profile()
    for what, body, *expected in REFUSED:
        text, json_body = json.dumps({"reason": "r"} | body), {"Content-Type": "application/json"}
        refused = await scoring.refusal("POST", f"{path}/{what}", content=text, headers=json_body)
        assert [*refused] == expected, (what, body)
    for what in ("retractions", "unmerge", "adjustments"):
        refused = await scoring.refusal(
            "POST", f"{path}/{what}", headers={"Authorization": f"Bearer {CRM_KEY}"}
        )
        assert refused == (401, "key_invalid", None)
    assert await scoring.find_profile() == before
