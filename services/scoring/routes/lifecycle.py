"""Routes for ops: show one model, and end it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import Connection

from services.scoring.change.retirement import Act, end
from services.scoring.routes.drafts import IfMatch
from services.scoring.routes.models import ModelOut
from services.scoring.routes.parameters import ModelName, NoNul
from services.scoring.store.lifecycle import State, state_of
from services.scoring.store.vocabulary import model_unknown
from shared.database.engine import Database
from shared.process.clock import Clock
from shared.process.supervisor import Bell
from shared.web.auth import Requires
from shared.web.keyed import keyed_router

Author = Annotated[str | None, Query(max_length=200, description="Who; a mark of the key by default."), NoNul]
Why = Annotated[str | None, Query(max_length=1000, description="Why."), NoNul]


class OneModelOut(ModelOut):
    """One model, with the number of its activations, and who retired it and why."""

    created_at: datetime
    activations: int
    retired_by: str | None
    retired_note: str | None


def routes(database: Database, clock: Clock, requires: Requires, outgoing: Bell) -> APIRouter:
    """Return the routes of /v1/models/{model} itself."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.get("")
    async def get_model(model: ModelName, response: Response) -> OneModelOut:
        """Show a model; `ETag` names its state, so that a delete can require the state that was seen."""
        state = await database.read(lambda connection: _known(connection, model))
        response.headers["ETag"] = state.etag
        return OneModelOut.model_validate(state, from_attributes=True)

    @router.delete("", status_code=204, responses={409: {"description": "An activation is under way."}})
    async def delete_model(
        model: ModelName,
        caller: Annotated[str, Depends(requires)],
        note: Why = None,
        author: Author = None,
        if_match: IfMatch = None,
    ) -> None:
        """Remove a model that never scored, with its draft; retire any other.

        A retired model scores no profile and hands over none. Its versions, cycles and leads stay, its open
        deliveries are still sent, and a new activation revives it. To retire it again changes nothing. With
        `If-Match` only while the model is as it was read; else 412.
        """
        act = Act(author or caller, note)
        await database.unit(lambda connection: end(connection, model, act, clock.now(), if_match=if_match))
        outgoing.ring()

    return router


def _known(connection: Connection, model: str) -> State:
    state = state_of(connection, model)
    if state is None:
        raise model_unknown(connection, model)
    return state
