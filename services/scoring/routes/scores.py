"""Routes about one score: its reasons on any day under any version, and what it would take to be another."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.appraisal import state_of
from services.scoring.core.counterfactual import without
from services.scoring.core.counting import day_of
from services.scoring.core.crossing import crossed_on
from services.scoring.core.explaining import days_of_rules
from services.scoring.core.linking import Person
from services.scoring.core.pricing import Known, price
from services.scoring.core.ways import missing
from services.scoring.core.worth import Day
from services.scoring.lookup import known_under, own_cycles
from services.scoring.model.matrix import Version
from services.scoring.model.rules import DIGITS
from services.scoring.people import find_one
from services.scoring.routes.parameters import At, ModelName, ProfileId
from services.scoring.routes.router import router_for
from services.scoring.routes.shapes import DayOut, ReasonOut, ScoreOut
from services.scoring.store import cycles
from services.scoring.store.models import draft_of, version_of
from services.scoring.store.vocabulary import Which, not_there
from shared.auth import Requires
from shared.clock import Clock
from shared.database.engine import Database
from shared.events import Reason

WhichVersion = Annotated[
    str | None,
    Query(
        pattern="^([1-9][0-9]{0,8}|draft)$",
        description="A version's number, or `draft`; absent: the active one.",
    ),
]
"""Which version of a model to price under."""


class WayOut(BaseModel):
    """One way to the flip number: so many more matches of one rule, or a trait."""

    rule: str
    label: str
    times: int
    text: str


class WhyOut(BaseModel):
    """Why a profile flipped, or what it lacks.

    `smallest_set` is the least number of lines without which the score would not reach the flip number. When
    it does not reach it, `points_missing` and `ways` tell how far it is. `missing` and `excluded_by` keep a
    lead from sales.
    """

    flipped: bool
    score: float
    flip_number: float
    version: int
    at: datetime
    crossed_on: date | None
    smallest_set: list[ReasonOut]
    points_missing: float
    ways: list[WayOut]
    missing: list[str]
    excluded_by: str | None


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles/{id}/scores."""
    router = router_for(requires, "/v1/profiles/{profile_id}/scores/{model}", "profiles")

    @router.get("")
    async def get_score(
        profile_id: ProfileId, model: ModelName, at: At = None, version: WhichVersion = None
    ) -> ScoreOut:
        """Show a score with its reasons, as of any day and under any version or the draft."""
        when = at or clock.now()
        async with database.reading() as connection:
            wanted = await _version(connection, model, version)
            person = await find_one(connection, profile_id)
            known = (await known_under(connection, [person], wanted))[person.id]
        # Pure computing, and long when points fade over many years: others are answered meanwhile.
        return await asyncio.to_thread(_score, known, wanted, when)

    @router.get("/why-flipped")
    async def get_why_flipped(profile_id: ProfileId, model: ModelName, at: At = None) -> WhyOut:
        """Tell without what the profile would not have flipped, or what is missing when it has not.

        Without `at` it is asked of the moment of the flip, under the version that it was flipped by, and of
        now when there was none.
        """
        async with database.reading() as connection:
            person = await find_one(connection, profile_id)
            when, wanted = await _flip(connection, person, model, at, clock.now())
            known = (await known_under(connection, [person], wanted))[person.id]
        return await asyncio.to_thread(_why, known, wanted, when)

    return router


async def _version(connection: AsyncConnection, model: str, which: str | None) -> Version:
    if which == "draft":
        found = await draft_of(connection, model)
        wanted: Which = "draft"
    else:
        wanted = int(which) if which else None
        found = await version_of(connection, model, wanted)
    if found is None:
        raise await not_there(connection, model, wanted, "query.version" if which else None)
    return found


async def _flip(
    connection: AsyncConnection, person: Person, model: str, at: datetime | None, now: datetime
) -> tuple[datetime, Version]:
    """Return when and under which version to ask: those of the latest flip, unless a time is given."""
    if at is None:
        begun = (await cycles.read(connection, [person])).get((person.id, model), ())
        own = await own_cycles(connection, person, begun)
        last = max(own, key=lambda cycle: cycle.number, default=None)
        if last is not None:
            return last.flipped_at, await _version(connection, model, str(last.version))
    return at or now, await _version(connection, model, None)


def _score(known: Known, version: Version, when: datetime) -> ScoreOut:
    day, matrix = day_of(when), version.matrix
    score = price(known, matrix, day)
    traits = known.traits.at(day)
    crossed = crossed_on(known, matrix, day)
    days = days_of_rules(known, matrix, day)
    return ScoreOut(
        score=score.points,
        flip_number=matrix.flip_number,
        fit=score.fit,
        engagement=score.engagement,
        stage=matrix.stage(score.points),
        grade=matrix.grade(score.fit, score.engagement),
        state=state_of(score.points, matrix, known.traits, day),
        missing=list(matrix.missing(traits)),
        excluded_by=matrix.excluded_by(traits, known.traits.email_domains(day)),
        version=version.number,
        at=when,
        crossed_on=date.fromordinal(crossed) if crossed else None,
        reasons=[_reason(reason, days.get(reason.rule, ())) for reason in score.reasons],
    )


def _reason(reason: Reason, days: Sequence[Day] = ()) -> ReasonOut:
    return ReasonOut(
        rule=reason.rule,
        label=reason.label,
        points=round(reason.points, DIGITS),
        count=reason.count,
        paid=reason.paid,
        days=[
            DayOut(
                day=date.fromordinal(one.day),
                count=one.matches,
                paid=one.paid,
                fade=round(one.fade, DIGITS * 2),
                points=round(one.points, DIGITS),
            )
            for one in days
        ],
    )


def _why(known: Known, version: Version, when: datetime) -> WhyOut:
    day, matrix = day_of(when), version.matrix
    score, traits = price(known, matrix, day).points, known.traits.at(day)
    crossed = crossed_on(known, matrix, day)
    flipped = score >= matrix.flip_number
    lacks = None if flipped else missing(known, matrix, day)
    return WhyOut(
        flipped=flipped,
        score=score,
        flip_number=matrix.flip_number,
        version=version.number,
        at=when,
        crossed_on=date.fromordinal(crossed) if crossed else None,
        smallest_set=[_reason(reason) for reason in without(known, matrix, day)] if flipped else [],
        points_missing=lacks.points if lacks else 0.0,
        ways=[
            WayOut(rule=way.rule, label=way.label, times=way.times, text=way.text)
            for way in (lacks.ways if lacks else ())
        ],
        missing=list(matrix.missing(traits)),
        excluded_by=matrix.excluded_by(traits, known.traits.email_domains(day)),
    )
