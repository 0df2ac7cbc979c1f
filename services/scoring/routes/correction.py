"""Routes for ops: retract interactions, part identities from a profile, adjust points."""

from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.core.pricing.flip import Cycle
from services.scoring.live.corrections import Corrections, Note, undone
from services.scoring.matrix.rules import Points, Slug
from services.scoring.routes.parameters import NoNul, ProfileId
from services.scoring.routes.shapes import IdentityOut
from services.scoring.store.selection import Selection
from shared.database.connections import Work
from shared.database.engine import Database
from shared.errors import Unavailable
from shared.identity import Forms, current
from shared.process.supervisor import Bell
from shared.strict import Strict
from shared.web.auth import Requires
from shared.web.keyed import keyed_router
from shared.web.lists import Instant

T = TypeVar("T")
MAX_TRIES = 5
MAX_LISTED = 1_000

ReasonText = Annotated[str, Field(min_length=1, max_length=500), NoNul]
Author = Annotated[str | None, Field(max_length=200), NoNul]


def _example(**body: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [body]})


class _Body(Strict):
    reason: ReasonText
    author: Author = None


class RetractionIn(_Body):
    """Which interactions are not to count: one by its id, or all of a source, type and period."""

    model_config = _example(reason="these opens were machines", type="email_open", since="2026-03-01")

    interaction: Annotated[str | None, Field(max_length=99), NoNul] = None
    source: Annotated[str | None, Field(max_length=256), NoNul] = None
    type: Annotated[str | None, Field(max_length=64), NoNul] = None
    since: Instant | None = None
    before: Instant | None = None

    @model_validator(mode="after")
    def _selects_something(self) -> "RetractionIn":
        several = (self.source, self.type, self.since, self.before)
        if self.interaction is None and all(value is None for value in several):
            raise ValueError("name an interaction, or a source, a type or a period (since, before)")
        if self.interaction is not None and any(value is not None for value in several):
            raise ValueError("name either an interaction or a source, type and period")
        return self


class UndoneOut(BaseModel):
    """A lead that sales has and that would not have flipped without the retracted interactions."""

    lead_id: str | None
    model: str
    cycle: int
    flipped_at: datetime


class RetractedOut(BaseModel):
    """What no longer counts, and the leads that would not have flipped.

    The first MAX_LISTED interactions are listed; `cut` is true if there are more, `retracted` counts all.
    """

    retracted: int
    interactions: list[str]
    cut: bool
    would_not_have_flipped: list[UndoneOut]


class IdentityIn(Strict):
    """One identity, in any form."""

    kind: Annotated[str, Field(max_length=40)]
    value: Annotated[str, Field(max_length=1000)]


class UnmergeIn(_Body):
    """Which identities belong to another person."""

    model_config = _example(
        reason="a shared laptop", identities=[{"kind": "anonymous_id", "value": "cookie-1"}]
    )

    identities: Annotated[list[IdentityIn], Field(min_length=1, max_length=100)]


class PersonOut(BaseModel):
    """A profile and its identities."""

    id: str
    identities: list[IdentityOut]


class UnmergedOut(BaseModel):
    """The profiles that have the identities now."""

    profiles: list[PersonOut]


class AdjustmentIn(_Body):
    """Points to give or take in a model, until the end of a day or for ever.

    With an `id` from the caller a repeated request is harmless.
    """

    model_config = _example(reason="met at the fair", model="purchase_intent", points=5, until="2026-12-31")

    model: Slug
    points: Points
    until: date | None = None
    id: Annotated[str | None, Field(min_length=1, max_length=99), NoNul] = None


class AdjustedOut(BaseModel):
    """The event that gave the points."""

    id: str


def routes(
    database: Database, corrections: Corrections, forms: Forms, requires: Requires, outgoing: Bell
) -> APIRouter:
    """Return the routes under /v1/profiles/{id} that correct."""
    router = keyed_router(requires, prefix="/v1/profiles/{profile_id}", tag="corrections")
    caller = Depends(requires)

    async def corrected(work: Work[T]) -> T:
        """Run the work in a transaction, and again while live scoring changes the same profiles."""
        for left in reversed(range(MAX_TRIES)):
            try:
                done = await database.unit(work)
            except Unavailable:
                if not left:
                    raise
            else:
                outgoing.ring()
                return done
        raise AssertionError("the last try returns or raises")

    async def undone_by_now(profile_id: str) -> list[Cycle]:
        return await database.read(lambda connection: undone(connection, profile_id))

    @router.post("/retractions")
    async def post_retraction(
        profile_id: ProfileId, body: RetractionIn, who: Annotated[str, caller]
    ) -> RetractedOut:
        """Take interactions out of all counts; list the leads that would not have flipped without them."""
        selection = Selection(body.interaction, body.source, body.type, body.since, body.before)
        note = Note(body.reason, body.author or who)
        before = await undone_by_now(profile_id)
        ids = await corrected(lambda c: corrections.retract(c, profile_id, selection, note))
        after = await undone_by_now(profile_id)
        return RetractedOut(
            retracted=len(ids),
            interactions=list(ids[:MAX_LISTED]),
            cut=len(ids) > MAX_LISTED,
            would_not_have_flipped=[
                UndoneOut(
                    lead_id=cycle.lead_id, model=cycle.model, cycle=cycle.number, flipped_at=cycle.flipped_at
                )
                for cycle in after
                if cycle not in before
            ],
        )

    @router.post("/unmerge")
    async def post_unmerge(
        profile_id: ProfileId, body: UnmergeIn, who: Annotated[str, caller]
    ) -> UnmergedOut:
        """Part identities from the others of the profile for good; the interactions of each go with it."""
        apart = [
            forms.named(identity.kind, identity.value, f"identities.{index}.value")
            for index, identity in enumerate(body.identities)
        ]
        note = Note(body.reason, body.author or who)
        profiles = await corrected(lambda c: corrections.unmerge(c, profile_id, apart, note))
        return UnmergedOut(
            profiles=[
                PersonOut(
                    id=profile.id,
                    identities=[
                        IdentityOut(kind=identity.kind, value=identity.value)
                        for identity in sorted(current(profile.identities.values()))
                    ],
                )
                for profile in profiles
            ]
        )

    @router.post("/adjustments", responses={409: {"description": "The id is another interaction's."}})
    async def post_adjustment(
        profile_id: ProfileId, body: AdjustmentIn, who: Annotated[str, caller]
    ) -> AdjustedOut:
        """Give or take points by hand; they are listed among the reasons with reason and author."""
        given = Adjustment(body.model, body.points, body.reason, body.author or who, body.until)
        return AdjustedOut(id=await corrected(lambda c: corrections.adjust(c, profile_id, given, body.id)))

    return router
