"""Routes for ops: what a draft or an older version would change, for all profiles, before its activation."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from services.scoring.change.preview import preview
from services.scoring.matrix.version import Version
from services.scoring.routes.movers import CutOut, MoverOut, names_in, with_names
from services.scoring.routes.parameters import ModelName, VersionNumber
from services.scoring.store.drafts import etag, shown
from services.scoring.store.models import draft_of, version_of
from services.scoring.store.vocabulary import not_there
from shared.database.engine import Database
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.keyed import keyed_router


class PreviewOut(BaseModel):
    """What a version would change, in profiles, with some of them.

    `would_flip` are the newly flipped with the highest scores; `would_un_flip` the un-flipped that had the
    highest; `biggest_movers` some of those moved. `cut` names each of these lists that is not complete.
    """

    model: str
    profiles: int
    newly_flipped: int
    un_flipped: int
    already_handed_over: int
    kept_back: int
    moved: int
    would_flip: list[MoverOut]
    would_un_flip: list[MoverOut]
    biggest_movers: list[MoverOut]
    cut: dict[str, CutOut]


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes about previews under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.post("/draft/preview")
    async def post_draft_preview(model: ModelName, response: Response) -> PreviewOut:
        """Show which of all profiles the draft would flip, without changing anything.

        `ETag` names the draft: with it as `If-Match`, `activate` activates only the previewed draft.
        """

        def of_draft(connection: Connection) -> tuple[str, PreviewOut]:
            draft, text = draft_of(connection, model), shown(connection, model)
            if draft is None or text is None:
                raise not_there(connection, model, "draft")
            return text, _previewed(connection, draft, clock.now())

        text, found = await database.read(of_draft)
        response.headers["ETag"] = etag(text)
        return found

    @router.post("/versions/{number}/preview")
    async def post_version_preview(model: ModelName, number: VersionNumber) -> PreviewOut:
        """Show which profiles an older version would flip if it were activated again; changes nothing."""

        def of_version(connection: Connection) -> PreviewOut:
            version = version_of(connection, model, number)
            if version is None:
                raise not_there(connection, model, number)
            return _previewed(connection, version, clock.now())

        return await database.read(of_version)

    return router


def _previewed(connection: Connection, version: Version, now: datetime) -> PreviewOut:
    found = asdict(preview(connection, version, now))
    return PreviewOut(model=version.model, **with_names(found, names_in(connection, [found], now)))
