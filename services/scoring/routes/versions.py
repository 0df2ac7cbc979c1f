"""Routes for ops: the versions of a model, and who activated them, when and why."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from services.scoring.routes.movers import names_in, with_names
from services.scoring.routes.naming import Named
from services.scoring.routes.parameters import ModelName, VersionNumber
from services.scoring.store import versions
from services.scoring.store.vocabulary import not_there, require_model
from shared.database.engine import Database
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.cursor import Keyset, whole
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of


class ActivationOut(BaseModel):
    """One activation of a version: who, when, why, and which profiles it flipped."""

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
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.get("/versions", **list_of(VersionOut))
    async def list_versions(model: ModelName, paging: Paging) -> Page[VersionOut] | Response:
        """List the versions, the newest first."""
        keyset = Keyset(f"versions of {model}", whole)
        before = next(iter(keyset.read(paging.cursor)), None)

        def listed(connection: Connection) -> Sequence[Any]:
            require_model(connection, model)
            return versions.page(connection, model, before, paging.rows)

        rows, next_cursor = paging.split(await database.read(listed), lambda row: keyset.write(row.version))
        return paging.answer(VersionOut, [_version(row) for row in rows], next_cursor)

    @router.get("/versions/{number}")
    async def get_version(model: ModelName, number: VersionNumber) -> VersionOut:
        """Show one version."""

        def found(connection: Connection) -> Any:
            row = versions.find(connection, model, number)
            if row is None:
                raise not_there(connection, model, number)
            return row

        return _version(await database.read(found))

    @router.get("/activations", **list_of(ActivationOut))
    async def list_activations(model: ModelName, paging: Paging) -> Page[ActivationOut] | Response:
        """List the activations, the latest first: version, time, author, note, and which profiles flipped."""
        keyset = Keyset(f"activations of {model}", whole)
        before = next(iter(keyset.read(paging.cursor)), None)

        def listed(
            connection: Connection,
        ) -> tuple[Sequence[Any], list[dict[str, Any] | None], Mapping[str, Named]]:
            require_model(connection, model)
            found = versions.activations_page(connection, model, before, paging.rows)
            shown = found[: paging.limit]
            diffs = [json.loads(row.flip_diff) if row.flip_diff else None for row in shown]
            return found, diffs, names_in(connection, filter(None, diffs), clock.now())

        found, diffs, names = await database.read(listed)
        rows, next_cursor = paging.split(found, lambda row: keyset.write(row.number))
        items = [
            ActivationOut(
                version=row.version,
                activated_at=row.activated_at,
                author=row.author,
                note=row.note,
                handoff=row.handoff,
                flip_diff=with_names(diff, names) if diff else None,
            )
            for row, diff in zip(rows, diffs, strict=True)
        ]
        return paging.answer(ActivationOut, items, next_cursor)

    return router


def _version(row: Any) -> VersionOut:
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
