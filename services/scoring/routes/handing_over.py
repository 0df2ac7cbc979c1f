"""Routes for ops: sales gets profiles that activations kept back, without a new version."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from services.scoring.change.handing_over import HandingOver, HandOverResult, Status
from services.scoring.change.retirement import Act
from services.scoring.routes.parameters import ModelName, NoNul
from services.scoring.store import handovers
from services.scoring.store.vocabulary import require_model
from shared.database.engine import Database
from shared.ids import NewId
from shared.process.clock import Clock
from shared.process.supervisor import Bell
from shared.strict import Strict
from shared.web.auth import Requires
from shared.web.cursor import Keyset, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

MAX_PROFILES: Final = 1_000
_WHY_NOT: Final[dict[Status, str]] = {
    "not_kept_back": "It qualifies and no activation kept it back: it becomes a lead with its next activity.",
    "excluded": "The matrix excludes it.",
    "waiting_for_data": "A trait is missing that the matrix requires.",
    "below": "Its score does not reach the flip number.",
    "profile_unknown": "There is no such profile.",
}


class HandoffIn(Strict):
    """Which kept-back profiles sales is to get; who asks for it, and why."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"profiles": ["idn_1f3a"], "note": "met at the fair"}]}
    )

    profiles: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=80), NoNul]],
        Field(min_length=1, max_length=MAX_PROFILES),
    ]
    note: Annotated[str | None, Field(max_length=1000), NoNul] = None
    author: Annotated[str | None, Field(max_length=200), NoNul] = None


class VerdictOut(BaseModel):
    """What became of one id: the profile that it leads to now, and its lead."""

    id: str
    status: Status
    profile_id: str | None = None
    lead_id: str | None = None
    message: str | None = None


class HandedOverOut(BaseModel):
    """The number of new leads, the version, and what became of each id, in the order of the request."""

    model: str
    version: int
    handed_over: int
    results: list[VerdictOut]


class HandoverOut(BaseModel):
    """One hand-over: `done` of `total` profiles are finished, and `handed_over` became leads.

    It makes no progress when its process has ended: the same request sent again does the rest.
    """

    id: str
    version: int
    author: str
    note: str | None
    begun_at: datetime
    moved_at: datetime
    done: int
    total: int
    handed_over: int


def routes(database: Database, clock: Clock, requires: Requires, outgoing: Bell, new_id: NewId) -> APIRouter:
    """Return the routes about handing over under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.post(
        "/handoff",
        responses={404: {"description": "No such model scores."}, 409: {"description": "It is retired."}},
    )
    async def post_handoff(
        model: ModelName, body: HandoffIn, caller: Annotated[str, Depends(requires)]
    ) -> HandedOverOut:
        """Hand over profiles that activations kept back, each once, in the cycle in which it was kept back.

        An id from before a merge or a renewal leads to the profile of today. The same request again changes
        nothing.
        """
        act = Act(body.author or caller, body.note)
        handing_over = HandingOver(database, clock, model, act, new_id())
        version, verdicts = await handing_over.named(body.profiles)
        outgoing.ring()
        results = [
            _answered(profile_id, verdict)
            for profile_id, verdict in zip(body.profiles, verdicts, strict=True)
        ]
        leads = {verdict.lead_id for verdict in verdicts if verdict.status == "handed_over"}
        return HandedOverOut(model=model, version=version, handed_over=len(leads), results=results)

    @router.get("/handoffs", **list_of(HandoverOut))
    async def list_handoffs(model: ModelName, paging: Paging) -> Page[HandoverOut] | Response:
        """List the hand-overs without a new version: who, when, why, and the progress of each."""
        keyset = Keyset(f"handoffs of {model}", text)
        after = next(iter(keyset.read(paging.cursor)), None)

        def listed(connection: Connection) -> Sequence[handovers.Handover]:
            require_model(connection, model)
            return handovers.read(connection, model, after, paging.rows)

        found = await database.read(listed)
        shown, next_cursor = paging.split(found, lambda handover: keyset.write(handover.id))
        items = [HandoverOut.model_validate(handover, from_attributes=True) for handover in shown]
        return paging.answer(HandoverOut, items, next_cursor)

    return router


def _answered(named: str, verdict: HandOverResult) -> VerdictOut:
    return VerdictOut(
        id=named,
        status=verdict.status,
        profile_id=verdict.profile_id,
        lead_id=verdict.lead_id,
        message=_WHY_NOT.get(verdict.status),
    )
