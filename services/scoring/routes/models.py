"""Routes for ops: list the models, and the grades of their profiles."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from services.scoring.routes.parameters import ModelName
from services.scoring.store import scores
from services.scoring.store.model_list import page
from services.scoring.store.vocabulary import active_version_of
from shared.database.engine import Database
from shared.web.auth import Requires
from shared.web.cursor import Keyset, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

MODELS = Keyset("models", text)


class ModelOut(BaseModel):
    """A model: its active version, if any, whether it has a draft, and which version is being activated.

    A retired model scores no profile until a version of it is activated again.
    """

    model: str
    active_version: int | None
    has_draft: bool
    activating: int | None
    retired_at: datetime | None


class GradesOut(BaseModel):
    """How many profiles have each grade: fit A to D, engagement 1 to 4; and how many have none."""

    model: str
    version: int
    grades: dict[str, int]
    ungraded: int


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the reading routes under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models", tag="models")

    @router.get("", **list_of(ModelOut))
    async def list_models(paging: Paging) -> Page[ModelOut] | Response:
        """List the models by name."""
        after = next(iter(MODELS.read(paging.cursor)), None)
        found = await database.read(lambda connection: page(connection, after, paging.rows))
        rows, next_cursor = paging.split(found, lambda row: MODELS.write(row["model"]))
        return paging.answer(ModelOut, [ModelOut.model_validate(row) for row in rows], next_cursor)

    @router.get("/{model}/grades")
    async def get_grades(model: ModelName) -> GradesOut:
        """Count the profiles by grade: fit against engagement."""
        number, found = await database.read(lambda connection: _counted(connection, model))
        every = (f"{letter}{digit}" for letter in "ABCD" for digit in "1234")
        return GradesOut(
            model=model,
            version=number,
            grades={grade: found.get(grade, 0) for grade in every},
            ungraded=found.get(None, 0),
        )

    return router


def _counted(connection: Connection, model: str) -> tuple[int, dict[str | None, int]]:
    """Return the active version, and how many profiles have each grade under it."""
    version = active_version_of(connection, model)
    return version.number, scores.by_grade(connection, version)
