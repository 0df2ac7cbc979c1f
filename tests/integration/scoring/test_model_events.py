"""Scoring announces models on the log, from the first draft until the draft is removed."""

from shared.model_events import MatrixActivated, ModelDeleted, ModelDrafted
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

DRAFT = "/v1/models/m/draft"


async def drafted(scoring: ScoringHttpWorld) -> list[str]:
    return [event.model for event in await scoring.outbox_events(ModelDrafted)]


async def test_each_draft_of_a_model_without_an_active_version_is_announced_on_the_log(
    scoring: ScoringHttpWorld,
) -> None:
    """Each draft, so that a model from before announcements is announced when its draft is put again."""
    await scoring.put(DRAFT, MARATHON)
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    assert await drafted(scoring) == ["m", "m"]
    await scoring.post("/v1/models/m/activate")
    await scoring.put(DRAFT, MARATHON)
    assert await drafted(scoring) == ["m", "m"]
    assert [event.model for event in await scoring.outbox_events(MatrixActivated)] == ["m"]
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert await scoring.outbox_events(ModelDeleted) == []


async def test_deleting_a_model_with_its_draft_is_announced_on_the_log(scoring: ScoringHttpWorld) -> None:
    await scoring.put("/v1/models/typo/draft", MARATHON)
    assert (await scoring.http.delete("/v1/models/typo/draft")).status_code == 204
    assert [event.model for event in await scoring.outbox_events(ModelDeleted)] == ["typo"]


async def test_a_refused_draft_is_not_announced_on_the_log(scoring: ScoringHttpWorld) -> None:
    await scoring.put(DRAFT, MARATHON)
    other = MARATHON | {"flip_number": 30}
    for headers in ({"If-None-Match": "*"}, {"If-Match": '"other"'}):
        assert (await scoring.http.put(DRAFT, json=other, headers=headers)).status_code == 412
    assert (await scoring.http.put("/v1/models/n/draft", json={"rules": []})).status_code == 400
    assert await drafted(scoring) == ["m"]
