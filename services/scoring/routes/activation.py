"""Routes for ops: activate a draft or an older version, and watch the activation."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from services.scoring.change.activation import Activation, Handoff, activate
from services.scoring.change.flip_diff import FlipDiff
from services.scoring.change.handing_over import HandingOver
from services.scoring.change.retirement import Act
from services.scoring.routes.drafts import IfMatch
from services.scoring.routes.movers import CutOut, MoverOut, names_in, with_names
from services.scoring.routes.naming import Named
from services.scoring.routes.parameters import MAX_VERSION, ModelName, NoNul
from services.scoring.store import preparations
from services.scoring.store.lifecycle import state_of
from services.scoring.store.vocabulary import require_model
from shared.database.engine import Database
from shared.errors import NotFound, Refused, Unavailable
from shared.ids import NewId
from shared.process.clock import Clock
from shared.process.supervisor import Bell
from shared.strict import Strict
from shared.web.auth import Requires
from shared.web.keyed import keyed_router


class ActivationIn(Strict):
    """What to activate, the draft unless an older version is named, who does it and why.

    `handoff` says which profiles sales gets of those that qualify only under it: all, those with a human
    interaction from now on, or none. With `all` sales also gets those that earlier activations kept back.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"handoff": "new_activity_only", "note": "spring", "author": "Olga"}]}
    )

    handoff: Handoff = "new_activity_only"
    version: Annotated[int | None, Field(ge=1, le=MAX_VERSION)] = None
    note: Annotated[str | None, Field(max_length=1000), NoNul] = None
    author: Annotated[str | None, Field(max_length=200), NoNul] = None


class FlipDiffOut(BaseModel):
    """Profiles by what the activation changed for them; those kept back qualify and sales never got them.

    `moved` are those whose score changed; `biggest_movers` are some of them, and `cut` says so if not all.
    """

    newly_flipped: int
    un_flipped: int
    already_handed_over: int
    kept_back: int
    handed_over_now: int
    moved: int
    biggest_movers: list[MoverOut]
    cut: dict[str, CutOut]


class ActivatedOut(BaseModel):
    """The new active version and the profiles that it flips."""

    model: str
    version: int
    flip_diff: FlipDiffOut


class PreparationOut(BaseModel):
    """How far the preparation of an activation has come.

    `done` of `total` identities (counting) or profiles (pricing). A preparation that has `stalled` lost its
    process: the same activation sent again continues it, and DELETE gives it up.
    """

    model: str
    version: int
    phase: preparations.Phase
    done: int
    total: int
    started_at: datetime
    moved_at: datetime
    stalled: bool


def routes(database: Database, clock: Clock, requires: Requires, outgoing: Bell, new_id: NewId) -> APIRouter:
    """Return the routes about activation under /v1/models."""
    router = keyed_router(requires, prefix="/v1/models/{model}", tag="models")

    @router.post("/activate", responses={409: {"description": "Another is under way, or nothing is new."}})
    async def post_activate(
        model: ModelName,
        caller: Annotated[str, Depends(requires)],
        body: ActivationIn | None = None,
        if_match: IfMatch = None,
    ) -> ActivatedOut:
        """Make the draft, or an older version, the active version, and return which profiles that flips.

        New conditions are counted from the ledger first, and all profiles priced anew, while scoring goes on;
        `GET activation` shows the progress. After a crash the same request continues the activation.
        With `If-Match` only while the draft is as it was read or previewed; else 412.

        For the active version, with `handoff` `all`: every profile that qualifies and is no lead
        is handed over, page by page, and nothing is counted or priced; `GET handoffs` shows the progress.
        """
        body = body or ActivationIn()
        if if_match is not None and body.version is not None:
            raise Refused(
                "version_or_draft", "If-Match names a draft; leave it out to activate a version.", "version"
            )
        if (
            body.handoff == "all"
            and body.version is not None
            and await _scores(database, model, body.version)
        ):
            act = Act(body.author or caller, body.note)
            diff = await HandingOver(database, clock, model, act, new_id()).all_qualified(body.version)
            outgoing.ring()
            return await _activated(database, clock, model, body.version, diff)
        activation = Activation(
            body.handoff, body.version, if_match=if_match, note=body.note, author=body.author or caller
        )
        number, diff = await activate(database, clock, model, activation)
        outgoing.ring()
        return await _activated(database, clock, model, number, diff)

    @router.get("/activation")
    async def get_activation(model: ModelName) -> PreparationOut:
        """Show the progress of the activation that is under way; 404 when none is."""
        found = await database.read(lambda connection: _under_way(connection, model))
        return PreparationOut(
            model=model,
            version=found.version.number,
            phase=found.phase,
            done=found.done,
            total=found.total,
            started_at=found.started_at,
            moved_at=found.moved_at,
            stalled=found.has_stalled(clock.now()),
        )

    @router.delete("/activation", status_code=204)
    async def delete_activation(model: ModelName) -> None:
        """Give up the activation that is under way, for example after a crash."""
        await database.unit(lambda connection: _give_up(connection, model))

    return router


def _under_way(connection: Connection, model: str) -> preparations.Preparation:
    found = preparations.read(connection, model)
    if found is None:
        raise _none_under_way(connection, model)
    return found


def _give_up(connection: Connection, model: str) -> None:
    if not preparations.is_under_way(connection, model):
        raise _none_under_way(connection, model)
    preparations.delete(connection, model)


def _none_under_way(connection: Connection, model: str) -> NotFound:
    require_model(connection, model)
    return NotFound("activation_unknown", f"No activation of {model} is under way.")


async def _scores(database: Database, model: str, version: int) -> bool:
    state = await database.read(lambda connection: state_of(connection, model))
    return state is not None and state.active_version == version


async def _activated(
    database: Database, clock: Clock, model: str, version: int, diff: FlipDiff
) -> ActivatedOut:
    fields = asdict(diff)
    names: Mapping[str, Named] = {}
    # The version is active by now, so a database failure at this point must not look like a refusal.
    with suppress(Unavailable):
        names = await database.read(lambda connection: names_in(connection, [fields], clock.now()))
    shown = with_names(fields, names)
    return ActivatedOut.model_validate({"model": model, "version": version, "flip_diff": shown})
