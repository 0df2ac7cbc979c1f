"""Corrections by hand, as ops makes them: what counts no more, who is not one person, points given."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from services.scoring.store import ledger, selection
from shared.database.engine import Database
from shared.events import LeadQualified
from tests.builders import NOON, interaction, rule
from tests.integration.scoring_http import MARATHON, ScoringOverHttp, scoring_over_http, told
from tests.keys import CRM_KEY

COOKIE = {"anonymous_id": "cookie"}
ANA = {"email": "ana@example.com"}
BY_OPS = {"reason": "our own office", "author": "Olga"}


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringOverHttp]:
    async with scoring_over_http(database, tmp_path) as running:
        yield running


async def test_a_retracted_interaction_counts_no_more_and_says_why_on_the_timeline(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.happened(interaction(id="real"), interaction(id="ours"))
    path = await scoring.path()
    answer = await scoring.post(f"{path}/retractions", {"interaction": "ours"} | BY_OPS)
    assert answer == {"retracted": 1, "interactions": ["ours"], "cut": False, "would_not_have_flipped": []}
    assert (await scoring.standing())["score"] == (await scoring.get(f"{path}/scores/m"))["score"] == 10
    shown = {one["id"]: one["retracted"] for one in (await scoring.get(f"{path}/timeline"))["items"]}
    assert shown == {"real": None, "ours": "our own office"}
    again = await scoring.refused("POST", f"{path}/retractions", json={"interaction": "ours"} | BY_OPS)
    assert again == (404, "interaction_unknown", None)


async def test_a_retraction_lists_the_leads_that_would_not_have_flipped_also_under_an_older_version(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active(MARATHON | {"flip_number": 20})
    await scoring.active(MARATHON | {"flip_number": 15}, model="early")
    await scoring.happened(*(interaction(id=f"visit-{n}") for n in range(3)))
    leads = {lead.model: lead for lead in await scoring.said(LeadQualified)}
    await scoring.active(MARATHON | {"rules": [rule("likes", 50, when={"type": "like"})]})
    path = f"{await scoring.path()}/retractions"
    first = await scoring.post(path, {"interaction": "visit-0"} | BY_OPS)
    assert first["would_not_have_flipped"] == []
    second = await scoring.post(path, {"interaction": "visit-1"} | BY_OPS)
    undone = sorted(second["would_not_have_flipped"], key=lambda one: one["model"])
    assert undone == [
        {
            "lead_id": leads[model].lead_id,
            "model": model,
            "cycle": 1,
            "flipped_at": NOON.isoformat().replace("+00:00", "Z"),
        }
        for model in ("early", "m")
    ]
    third = await scoring.post(path, {"interaction": "visit-2"} | BY_OPS)
    assert third["would_not_have_flipped"] == []


async def test_all_of_a_source_type_and_period_is_retracted_at_once_and_nothing_else(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.happened(
        *(
            replace(interaction(day=day, id=f"{source}{day}"), source=source)
            for source in ("bot", "web")
            for day in range(-4, 1)
        )
    )
    path = f"{await scoring.path()}/retractions"
    period = {"since": "2026-03-11T14:00:00+02:00", "before": "2026-03-13T12:00:00Z"}
    answer = await scoring.post(path, {"source": "bot", "type": "visit"} | period | BY_OPS)
    assert answer["interactions"] == ["bot-2", "bot-3"]
    assert (await scoring.standing())["score"] == 80
    assert (await scoring.post(path, {"source": "bot"} | BY_OPS))["retracted"] == 3
    assert (await scoring.standing())["score"] == 50


async def test_more_than_one_retraction_takes_is_refused_and_all_still_counts(
    scoring: ScoringOverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_RETRACTED", 2)
    await scoring.active()
    await scoring.happened(interaction(), interaction(), interaction())
    refused = await scoring.refused(
        "POST", f"{await scoring.path()}/retractions", json={"type": "visit"} | BY_OPS
    )
    assert refused == (413, "too_many_interactions", None)
    assert (await scoring.standing())["score"] == 30


async def test_a_retraction_of_a_penalty_can_make_a_lead(scoring: ScoringOverHttp) -> None:
    penalty = rule("leaves", -20, when={"type": "email_unsubscribe"})
    await scoring.active(MARATHON | {"flip_number": 10, "rules": [*MARATHON["rules"], penalty]})
    await scoring.happened(interaction("email_unsubscribe", id="mistake"), interaction(day=-1))
    assert await scoring.said(LeadQualified) == []
    await scoring.post(f"{await scoring.path()}/retractions", {"interaction": "mistake"} | BY_OPS)
    assert len(await scoring.said(LeadQualified)) == 1


async def test_nobody_retracts_what_somebody_else_did(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.happened(interaction(id="ana's"), interaction(id="bob's", known_as={"email": "bob@x.org"}))
    path = await scoring.path("bob@x.org")
    refused = await scoring.refused("POST", f"{path}/retractions", json={"interaction": "ana's"} | BY_OPS)
    assert refused == (404, "interaction_unknown", None)
    assert (await scoring.standing())["score"] == 10


async def test_unmerged_people_have_what_each_of_them_did_and_stay_apart(scoring: ScoringOverHttp) -> None:
    await scoring.active(MARATHON | {"flip_number": 1000})
    await scoring.happened(interaction(known_as=COOKIE), interaction(known_as=COOKIE), interaction())
    before = [await scoring.found("cookie", "anonymous_id"), await scoring.found()]
    await scoring.happened(interaction("identify", known_as=COOKIE | ANA))
    assert (await scoring.standing())["score"] == 30
    cookie = {"kind": "anonymous_id", "value": "cookie"}
    answer = await scoring.post(f"{await scoring.path()}/unmerge", {"identities": [cookie]} | BY_OPS)
    parted = {one["id"]: [i["kind"] for i in one["identities"]] for one in answer["profiles"]}
    assert parted == {before[0]["id"]: ["anonymous_id"], before[1]["id"]: ["email"]}
    await scoring.happened(interaction("identify", known_as=COOKIE | ANA))
    after = [await scoring.found("cookie", "anonymous_id"), await scoring.found()]
    assert after == before
    links = (await scoring.get(f"/v1/profiles/{after[1]['id']}/links"))["items"]
    assert ["separated by hand" in link["refused"] for link in links] == [True]


async def test_two_people_on_one_device_stay_two_and_the_links_say_why(scoring: ScoringOverHttp) -> None:
    device = {"anonymous_id": "family tablet"}
    await scoring.happened(interaction(known_as=device | {"user_id": "ana"}))
    await scoring.happened(interaction(day=1, id="bob logs in", known_as=device | {"user_id": "bob"}))
    bob = await scoring.found("bob", "user_id")
    assert bob["identities"] == [{"kind": "user_id", "value": "bob"}]
    (link,) = (await scoring.get(f"/v1/profiles/{bob['id']}/links"))["items"]
    assert link == {
        "one": {"kind": "user_id", "value": "bob"},
        "other": {"kind": "anonymous_id", "value": "family tablet"},
        "occurred_at": "2026-03-15T12:00:00Z",
        "event_id": "bob logs in",
        "refused": "A person has at most 1 user_id, and these would have 2.",
    }


async def test_points_by_hand_stand_among_the_reasons_until_they_expire(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.happened(interaction())
    path = await scoring.path()
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
    await scoring.passed(days=3)
    assert (await scoring.standing())["score"] == 10


async def test_points_by_hand_can_make_a_lead_and_can_be_taken_back(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.happened(interaction())
    path = await scoring.path()
    given = await scoring.post(f"{path}/adjustments", {"model": "m", "points": 15} | BY_OPS)
    (lead,) = await scoring.said(LeadQualified)
    assert [(one.rule, one.points) for one in lead.reasons] == [("visits", 10), ("adjustment", 15)]
    undone = await scoring.post(f"{path}/retractions", {"interaction": given["id"]} | BY_OPS)
    assert [one["lead_id"] for one in undone["would_not_have_flipped"]] == [lead.lead_id]
    assert (await scoring.standing())["score"] == 10


async def test_points_with_an_id_are_given_once_and_the_id_is_of_nothing_else(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.happened(interaction(id="a visit"))
    path = f"{await scoring.path()}/adjustments"
    given = {"model": "m", "points": 5, "id": "fair-2026"} | BY_OPS
    assert await scoring.post(path, given) == await scoring.post(path, given) == {"id": "fair-2026"}
    assert (await scoring.standing())["score"] == 15
    for other in (given | {"points": 6}, given | {"id": "a visit"}):
        assert told(await scoring.http.post(path, json=other)) == (409, "id_taken", "id")


async def test_points_are_counted_in_their_model_alone(scoring: ScoringOverHttp) -> None:
    await scoring.active()
    await scoring.active(model="other")
    await scoring.happened(interaction())
    await scoring.post(f"{await scoring.path()}/adjustments", {"model": "other", "points": -4} | BY_OPS)
    assert {name: one["score"] for name, one in (await scoring.found())["scores"].items()} == {
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
    ("retractions", {"before": "0001-01-01"}, 404, "interaction_unknown", None),
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


async def test_a_correction_that_cannot_be_is_refused_naming_the_field_and_changes_nothing(
    scoring: ScoringOverHttp,
) -> None:
    await scoring.active()
    await scoring.happened(interaction(id="visit"))
    path, before = await scoring.path(), await scoring.found()
    for what, body, *expected in REFUSED:
        text, json_body = json.dumps({"reason": "r"} | body), {"Content-Type": "application/json"}
        refused = await scoring.refused("POST", f"{path}/{what}", content=text, headers=json_body)
        assert [*refused] == expected, (what, body)
    for what in ("retractions", "unmerge", "adjustments"):
        refused = await scoring.refused(
            "POST", f"{path}/{what}", headers={"Authorization": f"Bearer {CRM_KEY}"}
        )
        assert refused == (401, "key_invalid", None)
    assert await scoring.found() == before


async def test_what_a_person_did_is_read_for_the_leads_undone_while_nobody_waits(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version of the lead counts what none does any more, so all that Ana did is read."""
    database = Database(sqlite_url)
    async with scoring_over_http(database, tmp_path) as scoring:
        await scoring.active(MARATHON | {"flip_number": 10})
        await scoring.happened(interaction())
        (lead,) = await scoring.said(LeadQualified)
        await scoring.active(MARATHON | {"rules": [rule("likes", 30, when={"type": "like"})]})
        pool: Any = database._writer.sync_engine.pool
        taken: list[bool] = []
        read = ledger.read

        async def noted(*arguments: Any) -> Any:
            taken.append(bool(pool.checkedout()))
            return await read(*arguments)

        monkeypatch.setattr(ledger, "read", noted)
        undone = await scoring.post(f"{await scoring.path()}/retractions", {"reason": "r", "type": "visit"})
        assert [one["lead_id"] for one in undone["would_not_have_flipped"]] == [lead.lead_id]
        assert taken == [False, False]
    await database.close()
