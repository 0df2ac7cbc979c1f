"""Scoring tells on the log which models there are, from the first draft on and until it is thrown away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database.engine import Database
from shared.model_events import MatrixActivated, ModelDeleted, ModelDrafted
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld, run_scoring

DRAFT = "/v1/models/m/draft"


@pytest.fixture
async def scoring(database: Database, tmp_path: Path) -> AsyncIterator[ScoringHttpWorld]:
    async with run_scoring(database, tmp_path) as running:
        yield running


async def drafted(scoring: ScoringHttpWorld) -> list[str]:
    return [event.model for event in await scoring.said(ModelDrafted)]


async def test_a_model_is_told_with_each_draft_until_it_is_active(scoring: ScoringHttpWorld) -> None:
    """With each, so that one from before models were told is told too when its draft is put again."""
    await scoring.put(DRAFT, MARATHON)
    await scoring.put(DRAFT, MARATHON | {"flip_number": 30})
    assert await drafted(scoring) == ["m", "m"]
    await scoring.post("/v1/models/m/activate")
    await scoring.put(DRAFT, MARATHON)
    assert await drafted(scoring) == ["m", "m"]
    assert [event.model for event in await scoring.said(MatrixActivated)] == ["m"]
    assert (await scoring.http.delete(DRAFT)).status_code == 204
    assert await scoring.said(ModelDeleted) == []


async def test_a_model_that_goes_with_its_draft_is_told_so(scoring: ScoringHttpWorld) -> None:
    await scoring.put("/v1/models/typo/draft", MARATHON)
    assert (await scoring.http.delete("/v1/models/typo/draft")).status_code == 204
    assert [event.model for event in await scoring.said(ModelDeleted)] == ["typo"]


async def test_a_draft_that_is_refused_is_not_told(scoring: ScoringHttpWorld) -> None:
    await scoring.put(DRAFT, MARATHON)
    other = MARATHON | {"flip_number": 30}
    for headers in ({"If-None-Match": "*"}, {"If-Match": '"other"'}):
        assert (await scoring.http.put(DRAFT, json=other, headers=headers)).status_code == 412
    assert (await scoring.http.put("/v1/models/n/draft", json={"rules": []})).status_code == 400
    assert await drafted(scoring) == ["m"]
