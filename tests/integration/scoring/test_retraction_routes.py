"""Retractions by hand, as ops makes them: what they remove, and the leads that would not have flipped."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from services.scoring.store import ledger, selection
from shared.database.engine import Database
from shared.events import LeadQualified
from tests.support.builders import NOON, interaction, rule
from tests.support.statements import writing_engine
from tests.worlds.scoring_http import BY_OPS, MARATHON, ScoringHttpWorld, run_scoring


async def test_a_retracted_interaction_no_longer_counts_and_shows_the_reason_on_the_timeline(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(id="real"), interaction(id="ours"))
    path = await scoring.profile_path()
    answer = await scoring.post(f"{path}/retractions", {"interaction": "ours"} | BY_OPS)
    assert answer == {"retracted": 1, "interactions": ["ours"], "cut": False, "would_not_have_flipped": []}
    assert (
        (await scoring.score_over_http())["score"] == (await scoring.get(f"{path}/scores/m"))["score"] == 10
    )
    shown = {one["id"]: one["retracted"] for one in (await scoring.get(f"{path}/timeline"))["items"]}
    assert shown == {"real": None, "ours": "our own office"}
    again = await scoring.refusal("POST", f"{path}/retractions", json={"interaction": "ours"} | BY_OPS)
    assert again == (404, "interaction_unknown", None)


async def test_a_retraction_lists_leads_of_any_version_that_would_not_have_flipped(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(MARATHON | {"flip_number": 20})
    await scoring.activate_document(MARATHON | {"flip_number": 15}, model="early")
    await scoring.consume(*(interaction(id=f"visit-{n}") for n in range(3)))
    leads = {lead.model: lead for lead in await scoring.outbox_events(LeadQualified)}
    await scoring.activate_document(MARATHON | {"rules": [rule("likes", 50, when={"type": "like"})]})
    path = f"{await scoring.profile_path()}/retractions"
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


async def test_a_retraction_by_source_type_and_period_retracts_only_matching_interactions(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.consume(
        *(
            replace(interaction(day=day, id=f"{source}{day}"), source=source)
            for source in ("bot", "web")
            for day in range(-4, 1)
        )
    )
    path = f"{await scoring.profile_path()}/retractions"
    period = {"since": "2026-03-11T14:00:00+02:00", "before": "2026-03-13T12:00:00Z"}
    answer = await scoring.post(path, {"source": "bot", "type": "visit"} | period | BY_OPS)
    assert answer["interactions"] == ["bot-2", "bot-3"]
    assert (await scoring.score_over_http())["score"] == 80
    assert (await scoring.post(path, {"source": "bot"} | BY_OPS))["retracted"] == 3
    assert (await scoring.score_over_http())["score"] == 50


async def test_a_retraction_of_too_many_interactions_is_refused_and_changes_nothing(
    scoring: ScoringHttpWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_RETRACTED", 2)
    await scoring.activate_document()
    await scoring.consume(interaction(), interaction(), interaction())
    refused = await scoring.refusal(
        "POST", f"{await scoring.profile_path()}/retractions", json={"type": "visit"} | BY_OPS
    )
    assert refused == (413, "too_many_interactions", None)
    assert (await scoring.score_over_http())["score"] == 30


async def test_a_retraction_of_a_penalty_can_make_a_lead(scoring: ScoringHttpWorld) -> None:
    penalty = rule("leaves", -20, when={"type": "email_unsubscribe"})
    await scoring.activate_document(MARATHON | {"flip_number": 10, "rules": [*MARATHON["rules"], penalty]})
    await scoring.consume(interaction("email_unsubscribe", id="mistake"), interaction(day=-1))
    assert await scoring.outbox_events(LeadQualified) == []
    await scoring.post(f"{await scoring.profile_path()}/retractions", {"interaction": "mistake"} | BY_OPS)
    assert len(await scoring.outbox_events(LeadQualified)) == 1


async def test_an_interaction_of_another_profile_cannot_be_retracted(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document()
    await scoring.consume(interaction(id="ana's"), interaction(id="bob's", known_as={"email": "bob@x.org"}))
    path = await scoring.profile_path("bob@x.org")
    refused = await scoring.refusal("POST", f"{path}/retractions", json={"interaction": "ana's"} | BY_OPS)
    assert refused == (404, "interaction_unknown", None)
    assert (await scoring.score_over_http())["score"] == 10


async def test_a_retraction_reads_the_ledger_without_locking_the_writer(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead's version has counts that no active version has, so all of Ana's interactions are read."""
    database = Database(sqlite_url)
    async with run_scoring(database, tmp_path) as scoring:
        await scoring.activate_document(MARATHON | {"flip_number": 10})
        await scoring.consume(interaction())
        (lead,) = await scoring.outbox_events(LeadQualified)
        await scoring.activate_document(MARATHON | {"rules": [rule("likes", 30, when={"type": "like"})]})
        pool: Any = writing_engine(database).pool
        taken: list[bool] = []
        read = ledger.read

        def noted(*arguments: Any) -> Any:
            taken.append(bool(pool.checkedout()))
            return read(*arguments)

        monkeypatch.setattr(ledger, "read", noted)
        undone = await scoring.post(
            f"{await scoring.profile_path()}/retractions", {"reason": "r", "type": "visit"}
        )
        assert [one["lead_id"] for one in undone["would_not_have_flipped"]] == [lead.lead_id]
        assert taken == [False, False]
    await database.close()
