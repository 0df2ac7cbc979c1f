"""Routes for ops: drafts, versions and activation of a model's matrix."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Body, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects import postgresql, sqlite

from services.scoring.activation import Handoff, activate
from services.scoring.matrix import Matrix
from services.scoring.validation import read_matrix
from services.scoring.tables import models, versions
from shared.auth import Requires
from shared.clock import Clock
from shared.database.engine import Database
from shared.errors import NotFound
from shared.supervisor import Bell

ModelName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class ModelOut(BaseModel):
    """A model: its active version, if any, and whether a draft waits."""

    model: str
    active_version: int | None
    has_draft: bool


class ModelsOut(BaseModel):
    """All models."""

    items: list[ModelOut]


class DraftOut(BaseModel):
    """The draft of a model, not yet numbered."""

    model: str
    matrix: dict[str, Any]


class VersionOut(BaseModel):
    """An immutable version of a model's matrix."""

    model: str
    version: int
    active: bool
    activated_at: datetime
    note: str | None
    handoff: str
    matrix: dict[str, Any]


class VersionsOut(BaseModel):
    """The versions of a model, the newest first."""

    items: list[VersionOut]


class Activation(BaseModel):
    """How to activate: what to do with profiles that reach the flip number only under the new version."""

    model_config = ConfigDict(extra="forbid")

    handoff: Handoff = "new_activity_only"
    note: Annotated[str, Field(max_length=1000)] | None = None


class FlipDiffOut(BaseModel):
    """Profiles by what the activation changed for them."""

    newly_flipped: int
    un_flipped: int
    already_handed_over: int
    handed_over_now: int


class ActivationOut(BaseModel):
    """The new active version and whom it flips."""

    model: str
    version: int
    flip_diff: FlipDiffOut


def routes(database: Database, clock: Clock, requires: Requires, outgoing: Bell) -> APIRouter:
    """Return the routes under /v1/models."""
    router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(requires)])

    @router.get("")
    async def list_models() -> ModelsOut:
        """List the models."""
        async with database.reading() as connection:
            rows = await connection.execute(sa.select(models).order_by(models.c.model))
            return ModelsOut(
                items=[
                    ModelOut(
                        model=row.model, active_version=row.active_version, has_draft=row.draft is not None
                    )
                    for row in rows
                ]
            )

    @router.get("/{model}/draft")
    async def get_draft(model: ModelName) -> DraftOut:
        """Show the draft, or without one the active matrix to start from."""
        async with database.reading() as connection:
            row = (
                await connection.execute(
                    sa.select(models.c.draft, versions.c.matrix)
                    .outerjoin(
                        versions,
                        (versions.c.model == models.c.model)
                        & (versions.c.version == models.c.active_version),
                    )
                    .where(models.c.model == model)
                )
            ).one_or_none()
        if row is None:
            raise NotFound("model_unknown", f"There is no model {model}; PUT its draft first.")
        return DraftOut(model=model, matrix=json.loads(row.draft or row.matrix))

    @router.put("/{model}/draft")
    async def put_draft(
        model: ModelName,
        document: Annotated[dict[str, Any], Body(openapi_examples={"marathon": {"value": _EXAMPLE}})],
    ) -> DraftOut:
        """Replace the draft; creates the model when it is new."""
        matrix = read_matrix(model, document).canonical()
        async with database.unit() as connection:
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            text = json.dumps(matrix, ensure_ascii=False)
            await connection.execute(
                dialect.insert(models)
                .values(model=model, draft=text, created_at=clock.now())
                .on_conflict_do_update(index_elements=[models.c.model], set_={"draft": text})
            )
        return DraftOut(model=model, matrix=matrix)

    @router.get("/{model}/versions")
    async def list_versions(model: ModelName) -> VersionsOut:
        """List the versions, the newest first."""
        return VersionsOut(items=await _versions(database, model, None))

    @router.get("/{model}/versions/{number}")
    async def get_version(model: ModelName, number: int) -> VersionOut:
        """Show one version."""
        found = await _versions(database, model, number)
        if not found:
            raise NotFound("version_unknown", f"Model {model} has no version {number}.")
        return found[0]

    @router.post("/{model}/activate")
    async def post_activate(model: ModelName, how: Activation | None = None) -> ActivationOut:
        """Make the draft the active version and tell whom that flips."""
        how = how or Activation()
        async with database.unit() as connection:
            number, diff = await activate(
                connection, model, handoff=how.handoff, note=how.note, now=clock.now()
            )
        outgoing.ring()
        return ActivationOut(model=model, version=number, flip_diff=FlipDiffOut(**asdict(diff)))

    return router


async def _versions(database: Database, model: str, number: int | None) -> list[VersionOut]:
    query = (
        sa.select(versions, models.c.active_version)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model)
        .order_by(versions.c.version.desc())
    )
    if number is not None:
        query = query.where(versions.c.version == number)
    async with database.reading() as connection:
        rows = await connection.execute(query)
        return [
            VersionOut(
                model=row.model,
                version=row.version,
                active=row.version == row.active_version,
                activated_at=row.activated_at,
                note=row.note,
                handoff=row.handoff,
                matrix=json.loads(row.matrix),
            )
            for row in rows
        ]


_EXAMPLE = Matrix.model_validate(
    {
        "flip_number": 25,
        "stages": {"aware": 5, "engaged": 15, "sales_ready": 25},
        "rules": [
            {
                "id": "reads_pricing",
                "label": "Visits the pricing page",
                "when": {"type": "visit", "where": {"path": {"starts_with": "/pricing"}}},
                "points": 8,
                "limit": {"times": 3, "per": "day"},
                "cap": 40,
            }
        ],
    }
).canonical()
