"""Routes for ops: the difference between two matrices of a model."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import Connection

from services.scoring.matrix.difference import difference
from services.scoring.matrix.version import Version
from services.scoring.routes.parameters import MAX_VERSION, ModelName
from services.scoring.store.models import draft_of, version_of
from services.scoring.store.vocabulary import not_there
from shared.database.engine import Database
from shared.web.auth import Requires
from shared.web.keyed import keyed_router


class ChangeOut(BaseModel):
    """One difference between two matrices; `needs_counting`: the ledger has to be counted for it."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    text: str
    needs_counting: bool


class DifferenceOut(BaseModel):
    """The difference between two versions of a model."""

    model: str
    changes: list[ChangeOut]


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the route of differences under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.get("/difference")
    async def get_difference(
        model: ModelName,
        before: Annotated[
            int | None, Query(ge=1, le=MAX_VERSION, description="A version; absent: the active one.")
        ] = None,
        after: Annotated[
            int | None, Query(ge=1, le=MAX_VERSION, description="A version; absent: the draft.")
        ] = None,
    ) -> DifferenceOut:
        """Show the difference between two versions, or between the active version and the draft."""
        old, new = await database.read(lambda connection: _both(connection, model, before, after))
        changes = await asyncio.to_thread(difference, old.matrix if old else None, new.matrix)
        return DifferenceOut(model=model, changes=[ChangeOut(**asdict(change)) for change in changes])

    return router


def _both(
    connection: Connection, model: str, before: int | None, after: int | None
) -> tuple[Version | None, Version]:
    old = version_of(connection, model, before)
    if before is not None and old is None:
        raise not_there(connection, model, before, "query.before")
    new = draft_of(connection, model) if after is None else version_of(connection, model, after)
    if new is None:
        raise not_there(connection, model, after or "draft", "query.after" if after else None)
    return old, new
