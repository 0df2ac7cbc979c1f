"""The model m over HTTP, as tests activate, retire and remove it."""

from sqlalchemy import Connection

from services.scoring.change import preparation
from services.scoring.store.models import draft_of
from tests.support.builders import rule
from tests.worlds.scoring_http import MARATHON, ScoringHttpWorld

MODEL = "/v1/models/m"


DRAFT = f"{MODEL}/draft"


LIKES = MARATHON | {"rules": [rule("likes", 10, when={"type": "like"})]}


async def deleted(scoring: ScoringHttpWorld, **headers: str) -> None:
    answer = await scoring.http.delete(MODEL, headers=headers)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


async def begun(scoring: ScoringHttpWorld) -> None:
    """Start an activation of the draft, and abandon it."""

    def started(connection: Connection) -> None:
        draft = draft_of(connection, "m")
        assert draft is not None
        preparation.start(connection, draft, scoring.clock.now())

    await scoring.database.unit(started)
