"""Routes for ops: the draft of a model.

Reading a large matrix takes a while, and neither the database nor other requests should wait for it. So a
thread reads it and computes its warnings outside of transactions; the transaction only stores it.
"""

import asyncio
import json
from itertools import islice
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Body, Header, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from services.scoring.change.announcing import publish_deleted, publish_drafted
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.messages import of_rule
from services.scoring.matrix.reading import read_matrix
from services.scoring.matrix.version import matrix_in
from services.scoring.matrix.warnings.all_warnings import warnings
from services.scoring.matrix.warnings.names import possible_kinds
from services.scoring.matrix.warnings.warning import MatrixWarning
from services.scoring.routes.parameters import ModelName, unkeepable
from services.scoring.store import drafts, names, preparations
from services.scoring.store.drafts import check_unchanged, etag
from services.scoring.store.models import hold
from services.scoring.store.vocabulary import is_there, not_there
from shared.database.engine import Database
from shared.errors import MAX_COMPLAINTS, Outdated, Refused
from shared.process.clock import Clock
from shared.process.supervisor import Bell
from shared.web.auth import Requires
from shared.web.keyed import keyed_router

IfMatch = Annotated[str | None, Header(max_length=200)]


class WarningOut(BaseModel):
    """Something in a matrix that is allowed and probably wrong, with the id of its rule, if any.

    `seen` is what came instead of what is asked for, or a few of many values; `suggestion` is what is most
    likely meant.
    """

    field: str
    code: str
    message: str
    rule: str | None
    seen: list[str]
    suggestion: str | None


class DraftOut(BaseModel):
    """The draft of a model, not yet numbered."""

    model: str
    matrix: dict[str, Any]
    warnings: list[WarningOut]


def routes(database: Database, clock: Clock, requires: Requires, outgoing: Bell) -> APIRouter:
    """Return the routes about drafts under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    async def answered(draft: _Draft) -> DraftOut:
        seen = await database.read(lambda connection: names.seen(connection, draft.possible_kinds))
        return await asyncio.to_thread(_answered, draft, seen)

    @router.get("/draft")
    async def get_draft(model: ModelName, response: Response) -> DraftOut:
        """Show the draft, or without one the active matrix to start from; `ETag` names its state."""
        text = await database.read(lambda connection: _shown(connection, model))
        response.headers["ETag"] = etag(text)
        return await answered(await asyncio.to_thread(_stored, model, text))

    @router.put("/draft")
    async def put_draft(
        model: ModelName,
        document: Annotated[dict[str, Any], Body(openapi_examples={"marathon": {"value": _EXAMPLE}})],
        response: Response,
        if_match: IfMatch = None,
        if_none_match: IfMatch = None,
    ) -> DraftOut:
        """Replace the draft; creates the model when it is new.

        With `If-Match` only while the draft is still as it was read, with `If-None-Match: *` only when the
        model is new; else 412, unless the draft has this content already.
        """
        draft = await asyncio.to_thread(_read, model, document)
        answer = await answered(draft)

        def replace(connection: Connection) -> None:
            # So that the model is not deleted meanwhile.
            hold(connection)
            is_active = drafts.lock_model(connection, model, clock.now())
            _check(drafts.shown(connection, model), draft.text, if_match, if_none_match)
            drafts.write(connection, model, draft.text)
            if not is_active:
                publish_drafted(connection, model, clock.now())

        await database.unit(replace)
        outgoing.ring()
        response.headers["ETag"] = etag(draft.text)
        return answer

    @router.delete("/draft", status_code=204, responses={409: {"description": "An activation is under way."}})
    async def delete_draft(model: ModelName, if_match: IfMatch = None) -> None:
        """Remove the draft; a model that was never active is removed with it.

        With `If-Match` only while the draft is still as it was read; else 412.
        """

        def discard(connection: Connection) -> None:
            hold(connection, to_activate=True)
            _throw_away(connection, model, if_match)
            if not is_there(connection, model):
                publish_deleted(connection, model, clock.now())

        await database.unit(discard)
        outgoing.ring()

    return router


def _shown(connection: Connection, model: str) -> str:
    text = drafts.shown(connection, model)
    if text is None:
        raise not_there(connection, model, "draft")
    return text


def _check(present: str | None, new: str, if_match: str | None, if_none_match: str | None) -> None:
    if present == new:
        return
    check_unchanged(present, if_match)
    if if_none_match == "*" and present is not None:
        raise Outdated(
            "draft_exists", "The model exists already; leave out If-None-Match to replace its draft."
        )


def _throw_away(connection: Connection, model: str, if_match: str | None) -> None:
    text = drafts.find(connection, model)
    if text is None:
        raise not_there(connection, model, "draft")
    check_unchanged(text, if_match)
    preparations.require_none(connection, model)
    drafts.delete(connection, model)


class _Draft(NamedTuple):
    """A draft of a model, its text as stored, and the traits it asks for that may be kinds of identity."""

    model: str
    matrix: Matrix
    text: str
    possible_kinds: frozenset[str]


def _read(model: str, document: dict[str, Any]) -> _Draft:
    matrix = read_matrix(model, document)
    if errors := [of_rule(complaint, document) for complaint in islice(unkeepable(document), MAX_COMPLAINTS)]:
        first = errors[0]
        raise Refused("matrix_invalid", f"{first['field']}: {first['message']}", first["field"], errors)
    return _drafted(model, matrix, matrix.text())


def _stored(model: str, text: str) -> _Draft:
    return _drafted(model, matrix_in(model, text), text)


def _drafted(model: str, matrix: Matrix, text: str) -> _Draft:
    return _Draft(model, matrix, text, possible_kinds(matrix))


def _answered(draft: _Draft, seen: names.SeenRows) -> DraftOut:
    found = warnings(draft.matrix, seen.gathered())
    return DraftOut(
        model=draft.model, matrix=json.loads(draft.text), warnings=[_warning(warning) for warning in found]
    )


def _warning(warning: MatrixWarning) -> WarningOut:
    return WarningOut(**{name: getattr(warning, name) for name in WarningOut.model_fields})


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
                "half_life": "30d",
                "cap": 40,
            }
        ],
        "traits": [{"id": "decides", "when": {"title": {"matches_any": ["vp", "chief"]}}, "points": 15}],
        "inactivity": {"after": "30d", "points": -10, "every": "30d", "floor": -30},
        "requires": ["email", "company"],
        "excludes": [{"lifecycle": {"eq": "customer"}}],
    }
).canonical()
