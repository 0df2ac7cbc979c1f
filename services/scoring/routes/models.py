"""Routes for ops: list the models, and the grades of their profiles."""

from datetime import datetime

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from services.scoring.routes.parameters import ModelName
from services.scoring.store.tables import models, preparations, scores
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
        query = sa.select(
            models.c.model,
            models.c.active_version,
            models.c.draft.is_not(None).label("has_draft"),
            models.c.retired_at,
            preparations.c.version.label("activating"),
        ).outerjoin(preparations, preparations.c.model == models.c.model)
        if after := MODELS.read(paging.cursor):
            query = query.where(models.c.model > after[0])
        query = query.order_by(models.c.model).limit(paging.rows)
        found = await database.read(lambda connection: connection.execute(query).mappings().all())
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


def _counted(connection: sa.Connection, model: str) -> tuple[int, dict[str | None, int]]:
    """Return the active version, and how many profiles have each grade under it."""
    version = active_version_of(connection, model).number
    rows = connection.execute(
        sa.select(scores.c.grade, sa.func.count())
        .where(scores.c.model == model, scores.c.version == version)
        .group_by(scores.c.grade)
    )
    return version, {grade: number for grade, number in rows}  # noqa: C416 - typed
