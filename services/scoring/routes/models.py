"""Routes for ops: models, their versions and who made them score when and why."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.routes.movers import named
from services.scoring.routes.parameters import ModelName, VersionNumber
from services.scoring.routes.router import router_for
from services.scoring.store.models import active_version_of
from services.scoring.tables import activations, models, preparations, scores, versions
from shared.auth import Requires
from shared.clock import Clock
from shared.database.engine import Database
from shared.errors import NotFound


class ModelOut(BaseModel):
    """A model: its active version, if any, whether a draft waits, and which version is being activated.

    One that was retired scores nobody until a version of it is activated again.
    """

    model: str
    active_version: int | None
    has_draft: bool
    activating: int | None
    retired_at: datetime | None


class ModelsOut(BaseModel):
    """All models."""

    items: list[ModelOut]


class ActivationOut(BaseModel):
    """One time that a version became the one that scores: by whom, when, why, and whom it flipped."""

    version: int
    activated_at: datetime
    author: str | None
    note: str | None
    handoff: str
    flip_diff: dict[str, Any] | None


class ActivationsOut(BaseModel):
    """The activations of a model, the latest first."""

    items: list[ActivationOut]


class VersionOut(BaseModel):
    """An immutable version of a model's matrix, as it was first activated."""

    model: str
    version: int
    active: bool
    activated_at: datetime
    author: str | None
    note: str | None
    handoff: str
    matrix: dict[str, Any]


class VersionsOut(BaseModel):
    """The versions of a model, the newest first."""

    items: list[VersionOut]


class GradesOut(BaseModel):
    """How many profiles have which grade: fit A to D, engagement 1 to 4; and how many are not graded."""

    model: str
    version: int
    grades: dict[str, int]
    ungraded: int


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes that show what there is under /v1/models."""
    router = router_for(requires, "/v1/models", "models")

    @router.get("")
    async def list_models() -> ModelsOut:
        """List the models."""
        async with database.reading() as connection:
            rows = await connection.execute(
                sa.select(models, preparations.c.version.label("activating"))
                .outerjoin(preparations, preparations.c.model == models.c.model)
                .order_by(models.c.model)
            )
            return ModelsOut(
                items=[
                    ModelOut(
                        model=row.model,
                        active_version=row.active_version,
                        has_draft=row.draft is not None,
                        activating=row.activating,
                        retired_at=row.retired_at,
                    )
                    for row in rows
                ]
            )

    @router.get("/{model}/versions")
    async def list_versions(model: ModelName) -> VersionsOut:
        """List the versions, the newest first."""
        async with database.reading() as connection:
            await _known(connection, model)
            return VersionsOut(items=await _versions(connection, model, None))

    @router.get("/{model}/versions/{number}")
    async def get_version(model: ModelName, number: VersionNumber) -> VersionOut:
        """Show one version."""
        async with database.reading() as connection:
            found = await _versions(connection, model, number)
        if not found:
            raise NotFound("version_unknown", f"Model {model} has no version {number}.")
        return found[0]

    @router.get("/{model}/activations")
    async def list_activations(model: ModelName) -> ActivationsOut:
        """List which version was made to score when, by whom, why, and whom that flipped."""
        query = sa.select(activations).where(activations.c.model == model)
        async with database.reading() as connection:
            await _known(connection, model)
            rows = (await connection.execute(query.order_by(activations.c.number.desc()))).all()
            diffs = [
                await named(connection, json.loads(row.flip_diff), clock.now()) if row.flip_diff else None
                for row in rows
            ]
        return ActivationsOut(
            items=[
                ActivationOut(
                    version=row.version,
                    activated_at=row.activated_at,
                    author=row.author,
                    note=row.note,
                    handoff=row.handoff,
                    flip_diff=diff,
                )
                for row, diff in zip(rows, diffs, strict=True)
            ]
        )

    @router.get("/{model}/grades")
    async def get_grades(model: ModelName) -> GradesOut:
        """Count the profiles by grade: who they are against what they do."""
        async with database.reading() as connection:
            number = (await active_version_of(connection, model)).number
            rows = await connection.execute(
                sa.select(scores.c.grade, sa.func.count())
                .where(scores.c.model == model, scores.c.version == number)
                .group_by(scores.c.grade)
            )
            found: dict[str | None, int] = {grade: number for grade, number in rows}  # noqa: C416 - typed
        every = (f"{letter}{digit}" for letter in "ABCD" for digit in "1234")
        return GradesOut(
            model=model,
            version=number,
            grades={grade: found.get(grade, 0) for grade in every},
            ungraded=found.get(None, 0),
        )

    return router


async def _known(connection: AsyncConnection, model: str) -> None:
    """Raise NotFound for a model that nobody has drafted."""
    found = await connection.execute(sa.select(models.c.model).where(models.c.model == model))
    if found.one_or_none() is None:
        raise NotFound("model_unknown", f"There is no model {model}; PUT its draft first.")


async def _versions(connection: AsyncConnection, model: str, number: int | None) -> list[VersionOut]:
    query = (
        sa.select(versions, models.c.active_version)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model)
        .order_by(versions.c.version.desc())
    )
    if number is not None:
        query = query.where(versions.c.version == number)
    rows = await connection.execute(query)
    return [
        VersionOut(
            model=row.model,
            version=row.version,
            active=row.version == row.active_version,
            activated_at=row.activated_at,
            author=row.author,
            note=row.note,
            handoff=row.handoff,
            matrix=json.loads(row.matrix),
        )
        for row in rows
    ]
