"""Routes for ops: the versions of a model, and who made them score when and why."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.scoring.naming import Named
from services.scoring.routes.movers import names_in, with_names
from services.scoring.routes.parameters import ModelName, VersionNumber
from services.scoring.routes.router import router_for
from services.scoring.store.vocabulary import not_there, require_model
from services.scoring.tables import activations, models, versions
from shared.auth import Requires
from shared.clock import Clock
from shared.cursor import write_cursor
from shared.database.engine import Database
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, paged, place, whole


class ActivationOut(BaseModel):
    """One time that a version became the one that scores: by whom, when, why, and whom it flipped."""

    version: int
    activated_at: datetime
    author: str | None
    note: str | None
    handoff: str
    flip_diff: dict[str, Any] | None


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


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes about versions and activations under /v1/models."""
    router = router_for(requires, "/v1/models/{model}", "models")

    @router.get("/versions", response_model=Page[VersionOut], **as_list())
    async def list_versions(
        request: Request, model: ModelName, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[VersionOut] | Response:
        """List the versions, the newest first."""
        of = f"versions of {model}"
        query = _versions_of(model).order_by(versions.c.version.desc()).limit(limit + 1)
        if before := place(cursor, of, whole):
            query = query.where(versions.c.version < before[0])

        def listed(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
            require_model(connection, model)
            return connection.execute(query).all()

        rows = await database.read(listed)
        items = [_version(row) for row in rows[:limit]]
        following = write_cursor(of, str(items[-1].version)) if len(rows) > limit else None
        return paged(request, VersionOut, items, following)

    @router.get("/versions/{number}")
    async def get_version(model: ModelName, number: VersionNumber) -> VersionOut:
        """Show one version."""

        def found(connection: sa.Connection) -> sa.Row[Any]:
            query = _versions_of(model).where(versions.c.version == number)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise not_there(connection, model, number)
            return row

        return _version(await database.read(found))

    @router.get("/activations", response_model=Page[ActivationOut], **as_list())
    async def list_activations(
        request: Request, model: ModelName, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[ActivationOut] | Response:
        """List which version was made to score when, by whom, why, and whom that flipped, in reverse."""
        of = f"activations of {model}"
        query = sa.select(activations).where(activations.c.model == model)
        if before := place(cursor, of, whole):
            query = query.where(activations.c.number < before[0])
        latest_first = query.order_by(activations.c.number.desc()).limit(limit + 1)

        def listed(
            connection: sa.Connection,
        ) -> tuple[Sequence[sa.Row[Any]], list[dict[str, Any] | None], Mapping[str, Named]]:
            require_model(connection, model)
            rows = connection.execute(latest_first).all()
            diffs = [json.loads(row.flip_diff) if row.flip_diff else None for row in rows[:limit]]
            return rows, diffs, names_in(connection, filter(None, diffs), clock.now())

        rows, diffs, names = await database.read(listed)
        items = [
            ActivationOut(
                version=row.version,
                activated_at=row.activated_at,
                author=row.author,
                note=row.note,
                handoff=row.handoff,
                flip_diff=with_names(diff, names) if diff else None,
            )
            for row, diff in zip(rows, diffs, strict=False)
        ]
        following = write_cursor(of, str(rows[limit - 1].number)) if len(rows) > limit else None
        return paged(request, ActivationOut, items, following)

    return router


def _versions_of(model: str) -> sa.Select[Any]:
    return (
        sa.select(versions, models.c.active_version)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model)
    )


def _version(row: sa.Row[Any]) -> VersionOut:
    return VersionOut(
        model=row.model,
        version=row.version,
        active=row.version == row.active_version,
        activated_at=row.activated_at,
        author=row.author,
        note=row.note,
        handoff=row.handoff,
        matrix=json.loads(row.matrix),
    )
