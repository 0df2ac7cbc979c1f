"""A model after its retirement: its draft, its revival, and what goes on without it."""

from datetime import timedelta
from typing import Any

import pytest

from services.scoring.store.tables import scores
from shared.events import LeadQualified, StageChanged
from shared.model_events import MatrixActivated, ModelRetired
from tests.cast import ANA
from tests.integration.scoring.lifecycle import DRAFT, LIKES, MODEL, deleted, start_activation
from tests.support.builders import NOON, identities, interaction, rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld


async def test_a_draft_survives_the_retirement_of_its_model_and_can_be_deleted(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await scoring.put(DRAFT, LIKES)
    await deleted(scoring)
    assert (await scoring.get(DRAFT))["matrix"]["rules"][0]["id"] == "likes"
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert (await scoring.get(DRAFT))["matrix"] == MARATHON | {"model": "m"}
    model = await scoring.get(MODEL)
    assert (model["has_draft"], model["retired_at"]) == (False, "2026-03-14T12:00:00Z")
    seen = (await scoring.http.get(DRAFT)).headers["ETag"]
    await scoring.put(DRAFT, LIKES, **{"If-Match": seen})


@pytest.mark.parametrize("order", [{"version": 1}, {}])
async def test_a_revived_model_counts_interactions_since_its_retirement_and_repeats_no_lead(
    scoring: ScoringHttpWorld, order: dict[str, Any]
) -> None:
    matrix = MARATHON | {"flip_number": 20}
    await scoring.activate_document(matrix)
    await scoring.consume(interaction(), interaction())
    await deleted(scoring)
    ben = {"email": "ben@example.com"}
    await scoring.consume(interaction(), interaction(known_as=ben), interaction("like", known_as=ben))
    await scoring.consume(interaction(known_as=ben))
    await scoring.let_time_pass(days=1)
    if not order:
        await scoring.put(DRAFT, matrix)
    diff = (await scoring.post(f"{MODEL}/activate", order | {"handoff": "all"}))["flip_diff"]
    found = ("newly_flipped", "already_handed_over", "handed_over_now")
    assert [diff[name] for name in found] == [1, 1, 1]
    model = await scoring.get(MODEL)
    assert (model["active_version"], model["activations"]) == (1 if order else 2, 2)
    assert [model[name] for name in ("retired_at", "retired_by", "retired_note")] == [None] * 3
    assert (await scoring.score_over_http())["score"] == 30
    assert (await scoring.score_over_http("ben@example.com"))["score"] == 20
    await scoring.consume(interaction(day=1), interaction(known_as=ben, day=1))
    ben_id = identities(**ben)[0].id
    assert [lead.profile_id for lead in await scoring.outbox_events(LeadQualified)] == [ANA.id, ben_id]
    scoring.clock.advance(hours=1)
    await deleted(scoring)
    acts = [
        (type(event).__name__, event.id)
        for event in await scoring.outbox_events(MatrixActivated, ModelRetired)
    ]
    assert [name for name, _ in acts] == ["MatrixActivated", "ModelRetired"] * 2
    assert len({event_id for _, event_id in acts}) == 4


async def test_other_models_still_score_conditions_that_they_shared_with_a_retired_model(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document(
        MARATHON | {"inactivity": {"after": "30d", "points": -1, "every": "30d", "floor": -5}}
    )
    await scoring.activate_document(MARATHON, model="other")
    await scoring.consume(interaction())
    await deleted(scoring)
    await scoring.consume(interaction(), interaction("like"))
    assert (await scoring.score_over_http(model="other"))["score"] == 20
    await scoring.post(f"{MODEL}/activate", {"version": 1})
    assert await scoring.let_time_pass(days=31) > 0
    assert (await scoring.score_over_http())["score"] == 19


async def test_a_retired_model_reports_no_stage_changes(scoring: ScoringHttpWorld) -> None:
    await scoring.activate_document(MARATHON | {"rules": [rule("visits", 10, window="3d")], "flip_number": 5})
    await scoring.consume(interaction())
    assert len(await scoring.outbox_events(StageChanged)) == 1
    await deleted(scoring)
    await scoring.let_time_pass(days=9)
    assert len(await scoring.outbox_events(StageChanged)) == 1
    assert (NOON + timedelta(days=9)) == scoring.clock.now()
    assert await scoring.table_rows(scores) == []


async def test_a_reviving_activation_must_be_deleted_before_the_model_is_retired_again(
    scoring: ScoringHttpWorld,
) -> None:
    await scoring.activate_document()
    await deleted(scoring)
    await scoring.put(DRAFT, LIKES)
    await start_activation(scoring)
    assert await scoring.refusal("DELETE", MODEL) == (409, "activation_under_way", None)
    assert (await scoring.http.delete(f"{MODEL}/activation")).status_code == 204
    await deleted(scoring)
    assert len(await scoring.outbox_events(ModelRetired)) == 1
