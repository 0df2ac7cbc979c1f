"""The model m over HTTP, as tests activate, retire and remove it."""

from services.scoring.change import preparation
from services.scoring.store.models import draft_of
from tests.builders import rule
from tests.integration.scoring_http import MARATHON, ScoringOverHttp

MODEL = "/v1/models/m"


DRAFT = f"{MODEL}/draft"


LIKES = MARATHON | {"rules": [rule("likes", 10, when={"type": "like"})]}


async def deleted(scoring: ScoringOverHttp, **headers: str) -> None:
    answer = await scoring.http.delete(MODEL, headers=headers)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def begun(scoring: ScoringOverHttp) -> None:
    """Begin an activation of the draft, and leave it."""
    async with scoring.database.unit() as connection:
        draft = await draft_of(connection, "m")
        assert draft is not None
        await preparation.start(connection, draft, scoring.clock.now())
