"""Profiles that an activation kept back are handed over without a new version: by id, or all of them."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.scoring.change import handing_over, pages
from services.scoring.store.tables import activations, scores, versions
from shared.database.engine import Database
from shared.events import LeadQualified
from shared.model_events import LeadsHandedOver, MatrixActivated
from tests.support.builders import NOON, identities, interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

MODEL = "/v1/models/m"
HANDOFF = f"{MODEL}/handoff"


@pytest.fixture
async def scoring(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScoringHttpWorld]:
    monkeypatch.setattr(pages, "PAUSE_SECONDS", 0)
    async with run_scoring(database, tmp_path) as running:
        yield running


def named(name: str) -> dict[str, str]:
    return {"email": f"{name}@example.com"}


def profile(name: str) -> str:
    return identities(**named(name))[0].id


async def kept_back(scoring: ScoringHttpWorld, *names: str, **more: Any) -> None:
    """Have an activation keep these people from sales, two visits each."""
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.consume(*(interaction(known_as=named(name)) for name in names for _ in range(2)))
    activated = await scoring.activate_document(MARATHON | {"flip_number": 20} | more, handoff="none")
    assert activated["flip_diff"]["newly_flipped"] == len(names)
    scoring.clock.advance(hours=1)


async def handed_over(scoring: ScoringHttpWorld, *profile_ids: str, **more: Any) -> list[tuple[str, str]]:
    answer = await scoring.post(HANDOFF, {"profiles": profile_ids, **more})
    told = [(one["id"], one["status"]) for one in answer["results"]]
    assert [one for one, _ in told] == list(profile_ids)
    return told


async def lead_ids(scoring: ScoringHttpWorld) -> Sequence[tuple[str, int]]:
    return [(one.profile_id, one.cycle) for one in await scoring.outbox_events(LeadQualified)]


async def unchanged(scoring: ScoringHttpWorld) -> list[object]:
    return [await scoring.table_rows(table) for table in (versions, activations, scores)]


async def test_named_profiles_are_handed_over_once_without_activation_or_pricing(
    scoring: ScoringHttpWorld,
) -> None:
    await kept_back(scoring, "ana", "ben", "cleo")
    before = await unchanged(scoring)
    wanted = [profile("ben"), profile("ana")]
    answer = await scoring.post(HANDOFF, {"profiles": wanted, "note": "the fair"})
    leads = {one.profile_id: one for one in await scoring.outbox_events(LeadQualified)}
    assert answer.pop("results") == [
        {"id": i, "status": "handed_over", "profile_id": i, "lead_id": leads[i].lead_id, "message": None}
        for i in wanted
    ]
    assert answer == {"model": "m", "version": 2, "handed_over": 2}
    assert {(one.cycle, one.version, one.score, one.qualified_at) for one in leads.values()} == {
        (1, 2, 20, NOON + timedelta(hours=1))
    }
    assert await unchanged(scoring) == before
    assert len(await scoring.outbox_events(MatrixActivated)) == 2
    (told,) = await scoring.outbox_events(LeadsHandedOver)
    assert {*told.leads} == {one.lead_id for one in leads.values()}
    assert (told.note, told.version, told.author[:4]) == ("the fair", 2, "key ")
    assert told.handed_over_at == NOON + timedelta(hours=1)
    again = await scoring.post(HANDOFF, {"profiles": [profile("ana")]})
    (verdict,) = again["results"]
    assert (verdict["status"], verdict["lead_id"]) == (
        "already_handed_over", leads[profile("ana")].lead_id,
    )  # fmt: skip
    assert again["handed_over"] == 0
    listed = await scoring.get("/v1/profiles", model="m", kept_back=True)
    assert [one["id"] for one in listed["items"]] == [profile("cleo")]
    await scoring.consume(interaction(known_as=named("ana")))
    assert len(await scoring.outbox_events(LeadQualified)) == 2


async def test_a_handoff_reports_a_status_for_each_profile_id(scoring: ScoringHttpWorld) -> None:
    excludes = [{"lifecycle": {"eq": "customer"}}]
    names = ("ana", "customer", "retracted", "poor")
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.consume(*(interaction(known_as=named(name)) for name in names for _ in range(2)))
    rules = {"flip_number": 20, "excludes": excludes, "requires": ["email"]}
    await scoring.activate_document(MARATHON | rules, handoff="none")
    # The next activation leaves the profiles that only it flips to their next human interaction.
    waits = [interaction(known_as={"twitter": "late"}), interaction(known_as=named("waits"))]
    await scoring.consume(*waits)
    more = {"flip_number": 10, "traits": [{"id": "poor", "when": {"poor": True}, "points": -50}]}
    await scoring.activate_document(MARATHON | rules | more)
    await scoring.consume(
        interaction("identify", known_as=named("customer"), traits={"lifecycle": "customer"}),
        interaction("identify", known_as=named("poor"), traits={"poor": True}),
    )
    late = identities(twitter="late")[0].id
    wanted = [
        profile("waits"),
        late,
        profile("customer"),
        profile("poor"),
        "nobody",
        profile("ana"),
        profile("ana"),
    ]
    assert [status for _, status in await handed_over(scoring, *wanted)] == [
        "not_kept_back", "waiting_for_data", "excluded", "below", "profile_unknown",
        "handed_over", "handed_over",
    ]  # fmt: skip
    assert await lead_ids(scoring) == [(profile("ana"), 1)]
    (order,) = (await scoring.get(f"{MODEL}/handoffs"))["items"]
    assert (order["total"], order["done"], order["handed_over"]) == (6, 6, 1)


async def test_a_profile_id_from_before_a_merge_hands_over_the_merged_profile(
    scoring: ScoringHttpWorld,
) -> None:
    await kept_back(scoring, "ana", "ben")
    await scoring.consume(interaction("identify", known_as=named("ana") | {"phone": "12345678"}))
    await scoring.consume(interaction("identify", known_as=named("ben") | {"phone": "12345678"}))
    now = await scoring.profile_id(identities(**named("ana"))[0])
    told = await scoring.post(HANDOFF, {"profiles": [profile("ana"), profile("ben")]})
    assert told["handed_over"] == 1
    assert {one["profile_id"] for one in told["results"]} == {now}
    assert len({one["lead_id"] for one in told["results"]}) == 1
    assert await lead_ids(scoring) == [(now, 1)]


async def test_a_profile_with_a_lead_of_a_later_cycle_is_not_handed_over(scoring: ScoringHttpWorld) -> None:
    await kept_back(scoring, "ana", "ben", requalify_after="90d")
    await scoring.let_time_pass(days=90)
    await scoring.consume(interaction(day=90, known_as=named("ana")))
    assert await lead_ids(scoring) == [(profile("ana"), 2)]
    told = await handed_over(scoring, profile("ana"), profile("ben"))
    assert [status for _, status in told] == ["already_handed_over", "handed_over"]
    assert await lead_ids(scoring) == [(profile("ana"), 2), (profile("ben"), 1)]


async def test_activating_the_active_version_for_all_hands_over_without_an_activation(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 2)
    names = [f"p{n}" for n in range(7)]
    await kept_back(scoring, *names)
    await scoring.consume(interaction(known_as=named("few")))
    await handed_over(scoring, profile("p0"))
    before = await unchanged(scoring)
    order = {"version": 2, "handoff": "all", "note": "sales is idle", "author": "Olga"}
    diff = (await scoring.post(f"{MODEL}/activate", order))["flip_diff"]
    assert diff == {
        "newly_flipped": 0, "un_flipped": 0, "already_handed_over": 1, "kept_back": 6, "handed_over_now": 6,
        "biggest_movers": [], "moved": 0, "cut": {},
    }  # fmt: skip
    assert sorted(await lead_ids(scoring)) == sorted((profile(name), 1) for name in names)
    assert await unchanged(scoring) == before
    diff = (await scoring.post(f"{MODEL}/activate", order))["flip_diff"]
    assert (diff["already_handed_over"], diff["kept_back"], diff["handed_over_now"]) == (7, 0, 0)
    assert len(await scoring.outbox_events(LeadQualified)) == 7
    told = [one for one in await scoring.outbox_events(LeadsHandedOver) if one.author == "Olga"]
    assert sum(len(one.leads) for one in told) == 6
    assert len({one.id for one in told}) == len(told) == 3
    for handoff in ("none", "new_activity_only"):
        refused = await scoring.refusal("POST", f"{MODEL}/activate", json=order | {"handoff": handoff})
        assert refused == (409, "version_active", None)
    listed = [page async for page in scoring.pages(f"{MODEL}/handoffs", limit=1)]
    assert [(one["author"][:4], one["note"], one["handed_over"]) for (one,) in listed] == [
        ("Olga", "sales is idle", 6), ("key ", None, 1),
    ]  # fmt: skip


async def test_handing_over_all_includes_profiles_that_wait_for_a_human_interaction(
    scoring: ScoringHttpWorld,
) -> None:
    """As with any activation that hands over all; `new_activity_only` has begun no cycle of theirs."""
    await scoring.activate_document(MARATHON | {"flip_number": 1000})
    await scoring.consume(interaction(), interaction())
    await scoring.activate_document(MARATHON | {"flip_number": 20})
    diff = (await scoring.post(f"{MODEL}/activate", {"version": 2, "handoff": "all"}))["flip_diff"]
    assert (diff["newly_flipped"], diff["kept_back"], diff["handed_over_now"]) == (1, 0, 1)
    assert await lead_ids(scoring) == [(profile("ana"), 1)]
    await scoring.consume(interaction())
    assert len(await scoring.outbox_events(LeadQualified)) == 1


async def test_a_profile_with_a_decayed_score_is_not_handed_over(scoring: ScoringHttpWorld) -> None:
    await kept_back(scoring, "ana", rules=[rule("visits", 10, half_life="30d")])
    scoring.clock.advance(days=1)
    diff = (await scoring.post(f"{MODEL}/activate", {"version": 2, "handoff": "all"}))["flip_diff"]
    assert (diff["kept_back"], diff["handed_over_now"]) == (1, 0)
    assert await handed_over(scoring, profile("ana")) == [(profile("ana"), "below")]
    assert await lead_ids(scoring) == []


async def test_a_model_that_does_not_score_hands_no_profile_over(scoring: ScoringHttpWorld) -> None:
    order: dict[str, Any] = {"json": {"profiles": ["x"]}}
    assert await scoring.refusal("POST", HANDOFF, **order) == (404, "model_unknown", None)
    assert await scoring.refusal("GET", f"{MODEL}/handoffs") == (404, "model_unknown", None)
    await scoring.put(f"{MODEL}/draft", MARATHON)
    assert await scoring.refusal("POST", HANDOFF, **order) == (404, "version_unknown", None)
    await kept_back(scoring, "ana")
    assert (await scoring.http.delete(MODEL)).status_code == 204
    assert await scoring.refusal("POST", HANDOFF, **order) == (409, "model_retired", None)
    assert await scoring.outbox_events(LeadQualified) == []
    revived = await scoring.post(f"{MODEL}/activate", {"version": 2})
    assert revived["flip_diff"]["kept_back"] == 1
    assert await handed_over(scoring, profile("ana")) == [(profile("ana"), "handed_over")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "profiles"),
        ({"profiles": []}, "profiles"),
        ({"profiles": "all"}, "profiles"),
        ({"profiles": ["x"] * 1001}, "profiles"),
        ({"profiles": [""]}, "profiles.0"),
        ({"profiles": ["x", "y" * 81]}, "profiles.1"),
        ({"profiles": ["a\0b"]}, "profiles.0"),
        ({"profiles": [7]}, "profiles.0"),
        ({"profiles": ["\ud800"]}, "profiles.0"),
        ({"profiles": ["x"], "handof": "all"}, "handof"),
        ({"profiles": ["x"], "note": "n" * 1001}, "note"),
    ],
)
async def test_an_invalid_handoff_body_is_refused_with_the_field(
    scoring: ScoringHttpWorld, body: dict[str, Any], field: str
) -> None:
    # Escaped in ASCII: text that no client would encode as UTF-8 can still come in this form.
    written, as_json = json.dumps(body), {"Content-Type": "application/json"}
    status, _, told = await scoring.refusal("POST", HANDOFF, content=written, headers=as_json)
    assert (status, told) == (422, field)
    assert await scoring.outbox_events(LeadQualified) == []
